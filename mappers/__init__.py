from . import (
    common,
    credit_note,
    credit_use,
    customer,
    invoice,
    money,
    names,
    payment,
    sales,
    tax,
)
