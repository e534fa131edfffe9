"""The customer's account answers: the order goes on, or waits for a person."""

from __future__ import annotations

from hub.domain.events import CreditDecided
from hub.domain.flow.allocating import allocate_lines
from hub.domain.flow.confirming import confirm, seek_confirmation
from hub.domain.flow.problems import open_exception
from hub.domain.flow.reviewing import review
from hub.domain.flow.turn import Turn
from hub.domain.verdict import Ignore, Verdict


def on_credit_decided(turn: Turn, event: CreditDecided) -> Verdict:
    """The account answered."""
    request = turn.state.credit_request
    if request is None or event.request_id != request.event_id:
        return Ignore(
            "superseded",
            f"The order no longer waits for the answer to request {event.request_id} of revision {event.revision}",
        )
    turn.move_credit(
        "grant" if event.granted else "refuse",
        credit_request=None,
        credit_due=None,
        reserved=event.reserved,
        payment_days=event.payment_days,
    )
    if event.granted:
        turn.explain(f"credit granted: {event.reserved} {event.currency} reserved")
    if turn.state.unreviewed and not review(turn, event, request.amount):
        return None
    if not event.granted:
        _tell_refused(turn, event)
    elif turn.state.consent:
        confirm(turn)
    elif turn.state.commercial == "received":
        seek_confirmation(turn, event.confirmation)
    elif turn.state.commercial == "confirmed":
        allocate_lines(turn)
    return None


def _tell_refused(turn: Turn, event: CreditDecided) -> None:
    failed = "; ".join(
        f"{check.rule}: {check.value} against {check.threshold}" for check in event.checks if not check.passed
    )
    root = f"customer {turn.terms.customer_id}"
    open_exception(turn, "credit-refused", f"Credit was refused for {failed}", severity="critical", root=root)
