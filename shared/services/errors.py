"""What stores and buses raise when something can't be done, or another actor was faster."""


class LeadNotFound(LookupError):
    """No lead has this id."""


class PersonNotFound(LeadNotFound):
    """No lead has this address."""


class LeadExists(Exception):
    """A lead with this id is stored already."""


class LeadChanged(Exception):
    """The lead was changed by another actor since it was read."""


class StoreUnavailable(Exception):
    """The store didn't answer, or not with a result: what was asked may or may not have been done."""


class ImportChanged(Exception):
    """The state of the import was changed by another actor since it was read."""


class PageLost(Exception):
    """The service doesn't know where a page of the publisher's table begins: begin with the first."""


class BusUnavailable(Exception):
    """The bus didn't take the messages, or didn't say so: they may or may not be out."""
