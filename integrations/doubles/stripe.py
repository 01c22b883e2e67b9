"""Stripe as far as we use it: customers, payment intents, refunds, events, signed messages.

Objects and errors follow https://docs.stripe.com/api. Test cards behave as Stripe's do.
"""

import copy
import json
import queue
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

import requests
from django.conf import settings

from integrations.doubles.server import Answer, Call, Double
from integrations.signatures import stripe_signature

API_VERSION: Final = "2026-10-28.endive"
DECLINED: Final = frozenset({"pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"})
NEEDS_ACTION: Final = frozenset({"pm_card_authenticationRequired"})
PREFIXES: Final = {"customers": "cus", "products": "prod", "prices": "price"}
LIST_SIZE: Final = 10
AMOUNTS: Final = frozenset({"amount", "unit_amount"})
RETRY_AFTER: Final = (1.0, 5.0, 25.0)  # seconds; Stripe waits longer


class StripeDouble(Double):
    """One Stripe account in test mode."""

    routes: ClassVar = (
        ("POST", "/v1/(?P<kind>customers|products|prices)", "create"),
        ("GET", "/v1/(?P<kind>customers|products|prices)", "list_objects"),
        ("GET", "/v1/(?:customers|products|prices|payment_intents|refunds)/(?P<key>[^/]+)", "show"),
        ("POST", "/v1/(?:customers|products|prices)/(?P<key>[^/]+)", "change"),
        ("POST", "/v1/payment_intents", "create_intent"),
        ("POST", "/v1/payment_intents/(?P<key>[^/]+)/confirm", "confirm_intent"),
        ("POST", "/v1/payment_intents/(?P<key>[^/]+)/cancel", "cancel_intent"),
        ("POST", "/v1/refunds", "create_refund"),
        ("GET", "/v1/events", "list_events"),
    )

    provider = "stripe"

    def reset(self) -> None:
        self.sends_at_once = not settings.TESTING
        super().reset()
        self.outgoing: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.objects: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[bytes, Answer]] = {}

    def work(self, call: Call) -> Answer:
        """Play a call once per Idempotency-Key; the same key with another body is refused."""
        key = call.headers.get("idempotency-key", "")
        if call.method != "POST" or not key:
            return super().work(call)
        with self.lock:
            known = self.answers.get(key)
            if known is None:
                answer = super().work(call)
                self.answers[key] = (call.body, copy.deepcopy(answer))
                return answer
        body, answer = known
        if body != call.body:
            return _error("idempotency_error", "Keys are for one body.")
        return answer

    def create(self, call: Call, kind: str) -> Answer:
        """Make a customer, product or price."""
        return Answer(body=self._add(PREFIXES[kind], kind[:-1], _nested(call)))

    def show(self, _call: Call, key: str) -> Answer:
        """Show any object."""
        found = self.objects.get(key)
        return Answer(body=found) if found else _missing(key)

    def change(self, call: Call, key: str) -> Answer:
        """Change any object."""
        found = self.objects.get(key)
        if found is None:
            return _missing(key)
        found.update(_nested(call))
        return Answer(body=found)

    def list_objects(self, call: Call, kind: str) -> Answer:
        """List objects of a kind, newest first."""
        word = kind[:-1]
        rows = [row for row in reversed(self.objects.values()) if row["object"] == word]
        email = call.query.get("email")
        return _list(call.path, [row for row in rows if not email or row.get("email") == email])

    def create_intent(self, call: Call) -> Answer:
        """Make a payment intent; ``confirm=true`` charges at once."""
        asked = _nested(call)
        confirm = asked.pop("confirm", "false") == "true"
        intent = self._add("pi", "payment_intent", asked)
        intent |= {
            "amount": asked.get("amount", 0),
            "amount_received": 0,
            "client_secret": f"{intent['id']}_secret_{secrets.token_hex(8)}",
            "status": "requires_payment_method",
            "latest_charge": None,
        }
        self.objects[intent["id"]] = intent
        return self._charge(intent) if confirm else Answer(body=intent)

    def confirm_intent(self, call: Call, key: str) -> Answer:
        """Charge an intent by the test card named."""
        intent = self.objects.get(key)
        if intent is None:
            return _missing(key)
        intent.update(_nested(call))
        return self._charge(intent)

    def cancel_intent(self, _call: Call, key: str) -> Answer:
        """Cancel an intent that was not paid."""
        intent = self.objects.get(key)
        if intent is None:
            return _missing(key)
        if intent["status"] == "succeeded":
            return _error("payment_intent_unexpected_state", "It succeeded already.")
        intent["status"] = "canceled"
        self._happened("payment_intent.canceled", intent)
        return Answer(body=intent)

    def create_refund(self, call: Call) -> Answer:
        """Give money back, never more than was received."""
        asked = _nested(call)
        intent = self.objects.get(asked.get("payment_intent", ""))
        if intent is None:
            return _missing(asked.get("payment_intent", ""))
        left = intent["amount_received"] - intent.get("amount_refunded", 0)
        amount = asked.get("amount", left)
        if amount > left or not amount:
            return _error("charge_already_refunded", "There is not that much left.")
        intent["amount_refunded"] = intent.get("amount_refunded", 0) + amount
        refund = self._add("re", "refund", asked)
        refund |= {"amount": amount, "currency": intent["currency"], "status": "succeeded"}
        self.objects[refund["id"]] = refund
        self._happened("refund.created", refund)
        return Answer(body=refund)

    def list_events(self, call: Call) -> Answer:
        """List what happened, newest first."""
        return _list(call.path, list(reversed(self.events)))

    def send(self, event: Mapping[str, Any]) -> int:
        """Post an event signed as Stripe signs it; return the receiver's status."""
        body = json.dumps(event).encode()
        timestamp = str(int(time.time()))
        signature = stripe_signature(body, timestamp, self.webhook_secret)
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": f"t={timestamp},v1={signature}",
        }
        return self.post(body, headers)

    def deliver(self, waits: Sequence[float] = RETRY_AFTER) -> None:
        """Send what waits, each event until it is taken or given up."""
        while True:
            try:
                event = self.outgoing.get_nowait()
            except queue.Empty:
                return
            left = list(waits)
            while not self._is_taken(event) and left:
                time.sleep(left.pop(0))

    def _is_taken(self, event: Mapping[str, Any]) -> bool:
        try:
            return self.send(event) == HTTPStatus.OK
        except requests.RequestException:
            return False

    def unknown(self, call: Call) -> Answer:
        """Refuse in Stripe's words."""
        return _error("invalid_request_error", f"Unrecognized request URL {call.path}.", 404)

    def _charge(self, intent: dict[str, Any]) -> Answer:
        card = intent.get("payment_method", "")
        if card in DECLINED:
            intent["status"] = "requires_payment_method"
            self._happened("payment_intent.payment_failed", intent)
            return _error("card_error", "Your card was declined.", 402, code="card_declined")
        if card in NEEDS_ACTION:
            intent["status"] = "requires_action"
            return Answer(body=intent)
        intent["status"] = "succeeded"
        intent["amount_received"] = intent["amount"]
        intent["latest_charge"] = f"ch_{secrets.token_hex(8)}"
        self._happened("payment_intent.succeeded", intent)
        return Answer(body=intent)

    def _add(self, prefix: str, word: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        row = {
            "id": f"{prefix}_{secrets.token_hex(8)}",
            "object": word,
            "created": int(time.time()),
            "livemode": False,
            **facts,
        }
        self.objects[row["id"]] = row
        return row

    def _happened(self, kind: str, subject: Mapping[str, Any]) -> None:
        event = {
            "id": f"evt_{secrets.token_hex(8)}",
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": dict(subject)},
        }
        self.events.append(event)
        self.outgoing.put(event)
        if self.sends_at_once:
            threading.Thread(target=self.deliver, daemon=True).start()


def _nested(call: Call) -> dict[str, Any]:
    """Read ``metadata[order]=1`` and ``types[0]=card`` as Stripe does, one level deep."""
    facts: dict[str, Any] = {}
    for name, value in parse_qsl(call.body.decode()):
        outer, bracket, inner = name.partition("[")
        if bracket:
            facts.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            facts[outer] = int(value) if outer in AMOUNTS else value
    for name, inside in facts.items():
        if isinstance(inside, dict) and all(key.isdigit() for key in inside):
            facts[name] = list(inside.values())
    return facts


def _list(path: str, rows: list[dict[str, Any]]) -> Answer:
    return Answer(
        body={
            "object": "list",
            "url": path,
            "has_more": len(rows) > LIST_SIZE,
            "data": rows[:LIST_SIZE],
        }
    )


def _error(kind: str, message: str, status: int = 400, **facts: str) -> Answer:
    return Answer(status, {"error": {"type": kind, "message": message, **facts}})


def _missing(key: str) -> Answer:
    return _error("invalid_request_error", f"No such object: '{key}'", 404, code="resource_missing")
