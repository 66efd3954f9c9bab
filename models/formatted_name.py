"""How an entry of a list reads while somebody searches for it."""


def formatted_name(entry, name, about):
    """Return a display name; in the drop-down of a search what it is stands behind it.

    The web client asks for that by the context, and shows what is between two pairs of
    hyphens in grey (``odoomark`` of Odoo).

    :param entry: the record, for its context
    :param about: its type or description, or nothing
    """
    is_formatted = entry.env.context.get("formatted_display_name") and about
    return f"{name}\t--{about}--" if is_formatted else name
