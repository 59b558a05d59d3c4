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


class StoreBusy(StoreUnavailable):
    """The store answered that it can't do this now: it asks for rest, so it isn't asked again at once."""


class NotConfigured(StoreUnavailable):
    """A setting that the work needs is missing, wrong or changed: it can be done once that is corrected.

    It is a `StoreUnavailable`, so what copes with an outage copes with this; only an outage ends by itself.
    """


class ImportChanged(Exception):
    """The state of the import was changed by another actor since it was read."""


class PageLost(Exception):
    """The service refused the continuation of the publisher's table: start again with the first page."""


class BusUnavailable(Exception):
    """The bus refused the messages or didn't confirm them: they may or may not have been sent."""


class MessageTooLarge(Exception):
    """The bus takes no message of this size, now or ever. Others of the same call may have been sent."""
