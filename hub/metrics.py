"""The names of every metric of the hub's programs, in one place (OpenMetrics).

Labels are bounded: topics, agents, partitions, receivers as declared, reason codes and statuses; never an order or a
customer.
"""

from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub import __version__

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_STEP_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200)
_RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class Metrics:
    """The metrics of one worker, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.events_in = Counter(
            "hub_events_in", "Input records applied, by agent and topic.", ["agent", "topic"], registry=registry
        )
        self.events_out = Counter(
            "hub_events_out", "Records sent in committed transactions.", ["agent", "topic"], registry=registry
        )
        self.events_refused = Counter(
            "hub_events_refused", "Records sent to the dead letters.", ["agent", "topic", "code"], registry=registry
        )
        self.events_rekeyed = Counter(
            "hub_events_rekeyed",
            "Records forwarded because they lay on a wrong partition.",
            ["agent"],
            registry=registry,
        )
        self.events_skipped = Counter(
            "hub_events_skipped", "Records read again and skipped: applied before.", ["agent"], registry=registry
        )
        self.events_expired = Counter(
            "hub_events_expired",
            "Offsets deleted by retention before they were read: lost input.",
            ["agent", "topic"],
            registry=registry,
        )
        self.timers_fired = Counter("hub_timers_fired", "Due times handled.", ["agent"], registry=registry)
        self.batch_records = Histogram(
            "hub_batch_records", "Input records per transaction.", ["agent"], buckets=_RECORDS, registry=registry
        )
        self.transaction_seconds = Histogram(
            "hub_transaction_seconds",
            "From the first record handled to the commit acknowledged.",
            ["agent"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.commit_seconds = Histogram(
            "hub_commit_seconds",
            "The part of a transaction spent waiting for Kafka.",
            ["agent"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.applied_offset = Gauge(
            "hub_applied_offset", "Last applied input offset.", ["agent", "topic", "partition"], registry=registry
        )
        self.input_timestamp = Gauge(
            "hub_input_timestamp_seconds",
            "When the newest applied record was written to its topic: how fresh what we know is.",
            ["agent", "topic", "partition"],
            registry=registry,
        )
        self.lag = Gauge(
            "hub_lag_records",
            "Records that wait: unread in Kafka plus read and not yet applied.",
            ["agent", "topic", "partition"],
            registry=registry,
        )
        self.states = Gauge(
            "hub_states",
            "States by agent, partition and label; for orders the label is the headline status.",
            ["agent", "partition", "label"],
            registry=registry,
        )
        self.stalled = Gauge(
            "hub_stalled",
            "States that stand still, by the rule that says so, the department whose turn it is, and severity.",
            ["agent", "partition", "rule", "department", "severity"],
            registry=registry,
        )
        self.stalled_since = Gauge(
            "hub_stalled_oldest_timestamp_seconds",
            "Since when the state stands still that has done so for longest.",
            ["agent", "partition", "rule", "department", "severity"],
            registry=registry,
        )
        self.slack = Gauge(
            "hub_slack_hours_bucket",
            "States by how many hours before their promised time they will be done: up to so many, or fewer.",
            ["agent", "partition", "le"],
            registry=registry,
        )
        self.step_seconds = Histogram(
            "hub_step_seconds",
            "From when what a step waited for last was written to its topic until the step is visible.",
            ["agent", "step"],
            buckets=_STEP_SECONDS,
            registry=registry,
        )
        self.recovery_seconds = Gauge(
            "hub_recovery_seconds",
            "How long the last recovery of a partition took.",
            ["agent", "partition"],
            registry=registry,
        )
        self.recovery_records = Gauge(
            "hub_recovery_records",
            "How many changelog records the last recovery of a partition read.",
            ["agent", "partition"],
            registry=registry,
        )
        self.partitions = Gauge("hub_partitions", "Partitions owned and ready.", ["agent"], registry=registry)
        self.rebalances = Counter("hub_rebalances", "Rebalances of the consumer group seen.", registry=registry)
        self.fenced = Counter(
            "hub_fenced_producers",
            "Transactions refused because another worker took the partition over.",
            ["agent"],
            registry=registry,
        )
        self.rules = Gauge("hub_rules_info", "Version of the rules in effect.", ["version"], registry=registry)
        self.rules_refused = Gauge(
            "hub_rules_refused", "1 while changed rules are faulty and those before stay in effect.", registry=registry
        )
        build = Gauge("hub_build_info", "Version of the hub and of Python.", ["version", "python"], registry=registry)
        build.labels(__version__, platform.python_version()).set(1)


class IntakeMetrics:
    """The metrics of one `hub intake`, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.events = Counter(
            "hub_intake_events",
            "Events sent over HTTP by the status of their answer; a batch refused as a whole is one.",
            ["status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "hub_intake_seconds",
            "From a request's arrival to its answer, Kafka's acknowledgement included.",
            buckets=_SECONDS,
            registry=registry,
        )


class SenderMetrics:
    """The metrics of one `hub deliver`, in a registry of its own.

    `sender` is the command, `receiver` the endpoint of webhooks as their file names it, and empty elsewhere.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        labels = ["sender", "receiver"]
        self.records = Counter(
            "hub_sender_records",
            "Records dealt with: written, or kept to be sent.",
            [*labels, "topic"],
            registry=registry,
        )
        self.lag = Gauge(
            "hub_sender_lag_records",
            "Committed records in Kafka that the sender has not read yet.",
            [*labels, "topic"],
            registry=registry,
        )
        self.waiting = Gauge(
            "hub_sender_waiting_messages",
            "Messages that are kept and not sent yet, those that were tried among them; dead letters are not.",
            labels,
            registry=registry,
        )
        self.outcomes = Counter(
            "hub_sender_outcomes",
            "What became of each try, or of each document or record, in the words of what the command prints.",
            [*labels, "outcome"],
            registry=registry,
        )
        self.try_seconds = Histogram(
            "hub_sender_try_seconds",
            "One try: a request, a mail, a document, a transaction with the database.",
            labels,
            buckets=_SECONDS,
            registry=registry,
        )
