"""Errors of stores and buses: absent, changed by another actor, or unreachable."""


class LeadNotFound(LookupError):
    """No lead has this id."""


class PersonNotFound(LeadNotFound):
    """No lead has this address."""


class LeadUnreadable(Exception):
    """The lead's row can't be read: it is damaged, or a later version wrote it. It stays as it is."""


class LeadExists(Exception):
    """A lead with this id is stored already."""


class LeadChanged(Exception):
    """The lead was changed by another actor since it was read."""


class StoreUnavailable(Exception):
    """The store didn't answer, or its answer says no result: the request may or may not have taken effect."""


class ImportChanged(Exception):
    """The state of the import was changed by another actor since it was read."""


class PageLost(Exception):
    """The service refused the continuation of the publisher's table: start again with the first page."""


class BusUnavailable(Exception):
    """The bus refused the messages or didn't confirm them: they may or may not have been sent."""
