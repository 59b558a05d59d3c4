"""Every time-out, in seconds, and how they relate. A time-out ends the wait; the request may still succeed.

a push              table 8, then the queue `spill` 5: answered within 13; Partner Center waits about 30
                    in a new process 2 before, to check id key and policy: within 15
                    table 8, its event 2, noting earlier ones 2: within 12; the clock sends what fails
any other call      change 20, events 8 and 8 to note earlier ones, noting 20: 56; its assignment as much,
                    and 20 to choose it: within 150; the platform hangs up after 230
a probe             10 in all, of which 5 for a clock that it runs itself, 2 for the count of dead letters
a queue's message   six sends of 30 and five pauses of 6: below the 300 for which its lock is renewed
a tick of the clock 30 for the events of one lead; eight leads at once; 20 for a step of its sweep
a read of all       6 for each partition, all at once: a slower one counts as away
a step of import    40, between two pages: it ends before the next minute's step begins if pages are quick
a query             35: the service may answer with a part of it, or none, and where to go on, after up to 30
"""

from typing import Any

# A push
PUSH_STORE_TIMEOUT = 8.0  # the table; if it hangs, its client alone would wait longer, see below
PUSH_SPILL_TIMEOUT = 5.0  # the queue `spill`, opening the link included
STARTUP_CHECK_TIMEOUT = (
    2.0  # before it, in a new process: is this the table's id key, and is the policy right
)
ID_SWEEP_READ_TIMEOUT = 1.0  # of the table's 8, once a minute: do ids of earlier rules lead to leads
PUSH_PUBLISH_TIMEOUT = 2.0  # its event: the lead is stored, so the sender needn't wait long for the bus

# Any other change of a lead
CHANGE_TIMEOUT = 20.0  # all attempts of one change, waiting for its turn included
ASSIGN_TIMEOUT = 20.0  # likewise, of one assignment
PUBLISH_TIMEOUT = 8.0  # its events, while a caller waits: enough to open a link
ERASE_PUBLISH_TIMEOUT = 5.0  # the one event of an erasure; the clock sends it if it takes longer
ERASE_UNREADABLE_TIMEOUT = 60.0  # finding the rows of a lead that can't be read, maybe in all its partition

# The clock and the import
CLOCK_PUBLISH_TIMEOUT = 30.0  # the events of one lead, while no caller waits
IMPORT_PUBLISH_TIMEOUT = 2.0  # the event of one row, while the next row waits
IMPORT_STEP_TIMEOUT = 40.0  # of the minute between two steps; the page under way is finished
SWEEP_TIMEOUT = 20.0  # one step of a sweep, at the end of a tick

# Reading
PARTITION_TIMEOUT = 6.0  # one partition's part of a list; the other partitions are there by then
STATS_TIMEOUT = 60.0  # well within the 230 after which the platform hangs up
PROBE_TIMEOUT = 10.0  # probes of load balancers give up soon
PROBE_CLOCK_TIMEOUT = 5.0  # of it, a run of the clock, which goes on after the answer
PROBE_COUNT_TIMEOUT = 2.0  # of it, the count of dead letters; a slower count answers the next probe

# The table client: at most three tries if the answer is lost. It is read back, so few tries are enough.
# What the service refuses for now (`StoreBusy`) is tried once more, after a pause: it asks for rest.
TABLE_CLIENT: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "retry_status": 0,  # by the client; see `BUSY_PAUSE`
    "retry_backoff_factor": 0.2,
}
QUERY_CLIENT: dict[str, Any] = {"read_timeout": 35}  # of one page; a caller that waits has its own time-out
BUSY_PAUSE = 1.0  # between half and one and a half of it, by chance

# The bus
SEND_TIMEOUT = 30.0  # all messages waiting to be sent, opening the link included: a cold instance signs in
REST_AFTER_FAILURE = 5.0  # for so long every call fails at once: no caller waits for a bus that is down
CLOSE_TIMEOUT = 5.0  # closing a link; after it the link is abandoned
COUNT_TIMEOUT = 15.0  # dead letters of one entity, opening the link included
DELETE_TIMEOUT = 60.0  # unread messages about a person, in all queues
HELD_MESSAGE_TIMEOUT = 15.0  # of it: waiting for a matching message that another receiver holds
ANSWER_TIMEOUT = 10.0  # of it: one answer of the bus
EMPTY_QUEUE_TIMEOUT = 1.0  # of it: without a message by then, a queue counts as empty
