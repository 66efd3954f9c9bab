"""Find what differs, so that reading the same again writes nothing."""


def changed_values(record, values):
    """Return the values that differ from what the record holds.

    Both sides are converted as the field stores them: a float with its digits, an id
    for a many2one.
    """
    fields = record._fields
    return {
        name: value
        for name, value in values.items()
        if fields[name].convert_to_cache(value, record)
        != fields[name].convert_to_cache(record[name], record)
    }
