from . import (
    common,
    credit_note,
    credit_use,
    customer,
    invoice,
    kinds,
    money,
    names,
    payment,
    sales,
    tax,
    totals,
)
