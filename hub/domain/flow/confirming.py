"""Whether the customer has to confirm, and what an answer or silence leads to."""

from __future__ import annotations

from typing import Literal

from hub.domain.events import OrderConfirmed
from hub.domain.flow.allocating import allocate_lines
from hub.domain.flow.cancelling import cancel_order
from hub.domain.flow.notifying import notify
from hub.domain.flow.problems import open_exception
from hub.domain.flow.turn import Turn
from hub.domain.holds import blocking
from hub.domain.phrases import Phrase
from hub.domain.verdict import Ignore, Park, Refuse, Verdict


def seek_confirmation(turn: Turn, account_says: Literal["automatic", "required"]) -> None:
    """Confirms at once or asks the customer, by the policy and the account."""
    if turn.state.holds and (held := blocking(turn.state.holds, "confirm")):
        turn.explain(f"not confirmed yet: held by {held}")
        return
    policy = turn.policy
    asks = policy.confirmation if policy.confirmation != "by-account" else account_says
    if asks == "automatic":
        turn.explain("confirmed automatically")
        confirm(turn)
        return
    until = turn.now + policy.confirmation_wait
    turn.move_commercial("ask", confirm_due=until)
    notify(turn, "confirmation-requested", until=f"{until:%Y-%m-%d %H:%M}")
    turn.explain(f"the customer is asked to confirm until {until:%Y-%m-%d %H:%M}")


def confirm(turn: Turn) -> None:
    """The order stands: its lines are allocated. While a hold or its credit keeps it, the consent is kept."""
    state = turn.state
    held = blocking(state.holds, "confirm") if state.holds else ""
    if held or state.credit != "granted":
        turn.update(confirm_due=None, consent=True)
        turn.explain(f"not confirmed yet: {f'held by {held}' if held else f'the credit is {state.credit}'}")
        return
    turn.move_commercial("confirm", confirm_due=None, consent=False)
    notify(turn, "confirmed")
    allocate_lines(turn)


def on_confirmed(turn: Turn, event: OrderConfirmed) -> Verdict:
    """The customer answered, or said no before it was asked."""
    declined = not event.accepted and turn.policy.confirmation_rejected == "cancel"
    if turn.state.commercial == "received" and not declined:
        return Park("not-asked", "The customer has not been asked to confirm yet")
    if turn.state.commercial == "confirmed":
        if event.accepted:
            return Ignore("already-confirmed", "The order is confirmed already")
        return Refuse("already-confirmed", "The order is confirmed already; send an OrderCancelled to cancel it")
    if event.accepted:
        turn.explain("confirmed by the customer")
        confirm(turn)
    elif declined:
        cancel_order(turn, event.reason or Phrase("declined by the customer"))
    else:
        turn.update(confirm_due=None)
        _escalate(turn, f"The customer declined: {event.reason or 'no reason given'}")
    return None


def agrees_by_changing(turn: Turn) -> bool:
    """Whether a customer that was asked and changes the order has thereby agreed to the rest of it."""
    return turn.state.commercial == "confirming" and turn.policy.confirmation_changed == "accept"


def on_silence(turn: Turn) -> None:
    """The customer did not answer in time: the policy says what that means."""
    silence = turn.policy.confirmation_silence
    turn.explain(f"the customer did not answer in time: {silence}")
    turn.update(confirm_due=None)
    if silence == "accept":
        confirm(turn)
    elif silence == "cancel":
        cancel_order(turn, Phrase("not confirmed in time"))
    else:
        _escalate(turn, "The customer did not answer the request for confirmation")


def _escalate(turn: Turn, detail: str) -> None:
    open_exception(turn, "unconfirmed", detail, severity="critical", root=f"customer {turn.terms.customer_id}")
