"""The two dashboards: one of the business, one of the machinery."""

from __future__ import annotations

from typing import Any

from hub.monitoring.panels import Panel, dashboard

_OPEN = 'hub_states{agent="orders", label!~"unknown|settled|closed|cancelled"}'


def _quantile(part: str, metric: str, by: str) -> str:
    return f"histogram_quantile({part}, sum by ({by}, le) (rate({metric}_bucket[5m])))"


_BUSINESS = (
    Panel("Open orders", {"open": f"sum({_OPEN})"}, "Neither settled nor cancelled.", "stat", 4),
    Panel(
        "Stalled",
        {"stalled": "sum(hub_stalled) or vector(0)"},
        "By one rule of rules/monitor.yaml each; `hub monitor list` names them.",
        "stat",
        4,
    ),
    Panel(
        "Stalled for longest",
        {"oldest": "time() - min(hub_stalled_oldest_timestamp_seconds) or vector(0)"},
        "How long the order stands still that has done so for longest.",
        "stat",
        4,
        "s",
    ),
    Panel(
        "Late",
        {"late": "hub:orders_late:ratio or vector(0)"},
        "Open orders that will be delivered after the day they are promised for, of those with such a day.",
        "stat",
        4,
        "percentunit",
    ),
    Panel(
        "Routed in time, last hour",
        {"in time": "1 - hub:slow_steps:ratio_rate1h{step='routed'}"},
        "Within 5 s; the objective is 99.9 % in 30 days.",
        "stat",
        4,
        "percentunit",
    ),
    Panel(
        "Settled in time, last hour",
        {"in time": "1 - hub:slow_steps:ratio_rate1h{step='settled'}"},
        "Within 60 s of the report of the delivery; the objective is 99.9 % in 30 days.",
        "stat",
        4,
        "percentunit",
    ),
    Panel(
        "Orders by status",
        {"{{label}}": 'sum by (label) (hub_states{agent="orders"})'},
        "Where the orders are.",
        width=24,
        stacked=True,
    ),
    Panel(
        "Flow an hour",
        {"{{step}}": "3600 * sum by (step) (rate(hub_step_seconds_count[5m]))"},
        "Orders routed, and deliveries settled.",
    ),
    Panel(
        "Time to route and to settle",
        {
            "{{step}} median": _quantile("0.5", "hub_step_seconds", "step"),
            "{{step}} 99%": _quantile("0.99", "hub_step_seconds", "step"),
        },
        "From when what the step waited for last came in, until it is visible.",
        unit="s",
    ),
    Panel(
        "Stalled, by rule",
        {"{{rule}} {{severity}}": "sum by (rule, severity) (hub_stalled)"},
        "What they wait for.",
        stacked=True,
    ),
    Panel(
        "Stalled, by department",
        {"{{department}}": "sum by (department) (hub_stalled)"},
        "Whose turn it is; nobody's where the department is empty.",
        stacked=True,
    ),
    Panel(
        "Slack of open orders, in hours",
        {"up to {{le}}": "sort(sum by (le) (hub_slack_hours_bucket))"},
        "How many will be delivered at most so many hours before the end of the promised day; below 0 they are late.",
        "bars",
        8,
    ),
    Panel(
        "Late",
        {"late": "hub:orders_late:ratio", "a day of slack or less": "hub:orders_tight:ratio"},
        "Of the open orders with a promised day.",
        width=8,
        unit="percentunit",
    ),
    Panel(
        "Oldest stall, by department",
        {"{{department}}": "time() - min by (department) (hub_stalled_oldest_timestamp_seconds)"},
        "Who keeps an order waiting for longest.",
        width=8,
        unit="s",
    ),
    Panel(
        "Reports of departments an hour",
        {"{{topic}}": '3600 * sum by (topic) (rate(hub_events_in_total{topic=~".+[.]status"}[5m]))'},
        "What departments say of their work.",
    ),
    Panel(
        "Work given to departments an hour",
        {"{{topic}}": '3600 * sum by (topic) (rate(hub_events_out_total{topic=~".+[.]orders"}[5m]))'},
        "Created, changed and cancelled.",
    ),
)

_OPERATIONS = (
    Panel("Workers", {"workers": 'sum(up{job="hub"})'}, "Workers that answer.", "stat", 4),
    Panel(
        "Applied a second",
        {"applied": "sum(rate(hub_events_in_total[1m]))"},
        "Input records applied, all agents.",
        "stat",
        4,
    ),
    Panel("Waiting", {"waiting": "sum(hub_lag_records)"}, "Records in Kafka that no agent has applied yet.", "stat", 4),
    Panel(
        "Refused, last hour",
        {"refused": "sum(increase(hub_events_refused_total[1h])) or vector(0)"},
        "Records in the dead letters.",
        "stat",
        4,
    ),
    Panel(
        "Lost input, last hour",
        {"lost": "sum(increase(hub_events_expired_total[1h])) or vector(0)"},
        "Deleted by retention before it was read.",
        "stat",
        4,
    ),
    Panel(
        "Version",
        {"{{version}} on Python {{python}}": "count by (version, python) (hub_build_info)"},
        "What runs.",
        "stat",
        4,
    ),
    Panel(
        "Input applied a second, by topic",
        {"{{agent}} < {{topic}}": "sum by (agent, topic) (rate(hub_events_in_total[1m]))"},
        "In committed transactions.",
    ),
    Panel(
        "Output a second, by topic",
        {"{{agent}} > {{topic}}": "sum by (agent, topic) (rate(hub_events_out_total[1m]))"},
        "In committed transactions.",
    ),
    Panel(
        "Waiting records, by topic",
        {"{{agent}} < {{topic}}": "sum by (agent, topic) (hub_lag_records)"},
        "Unread in Kafka, or read and not yet applied.",
    ),
    Panel(
        "Age of the newest input, by topic",
        {"{{agent}} {{topic}}": "time() - max by (agent, topic) (hub_input_timestamp_seconds)"},
        "A silent source is a stall too.",
        unit="s",
    ),
    Panel(
        "Transaction time",
        {
            "{{agent}} median": _quantile("0.5", "hub_transaction_seconds", "agent"),
            "{{agent}} 99%": _quantile("0.99", "hub_transaction_seconds", "agent"),
            "{{agent}} Kafka 99%": _quantile("0.99", "hub_commit_seconds", "agent"),
        },
        "From the first record handled to the commit acknowledged; of that, waiting for Kafka.",
        unit="s",
    ),
    Panel(
        "Records per transaction",
        {
            "{{agent}} median": _quantile("0.5", "hub_batch_records", "agent"),
            "{{agent}} 99%": _quantile("0.99", "hub_batch_records", "agent"),
        },
        "Batches grow with the backlog.",
    ),
    Panel(
        "Objectives: allowance spent",
        {
            "{{step}}, within an hour": "hub:slow_steps:ratio_rate1h / 0.001",
            "{{step}}, within three days": "hub:slow_steps:ratio_rate3d / 0.001",
        },
        "How many times as fast as 30 days allow; above 1 it will not last.",
    ),
    Panel(
        "Refused, rekeyed, skipped a second",
        {
            "refused {{topic}} {{code}}": "sum by (topic, code) (rate(hub_events_refused_total[1m]))",
            "rekeyed {{agent}}": "sum by (agent) (rate(hub_events_rekeyed_total[1m]))",
            "skipped {{agent}}": "sum by (agent) (rate(hub_events_skipped_total[1m]))",
        },
        "Refused: to the dead letters. Rekeyed: came on a wrong partition. Skipped: read again after a restart.",
    ),
    Panel(
        "Partitions owned",
        {"{{agent}} {{instance}}": "sum by (agent, instance) (hub_partitions)"},
        "By worker; together all there are.",
        width=8,
    ),
    Panel(
        "Last recovery of a partition",
        {"{{agent}}": "max by (agent) (hub_recovery_seconds)"},
        "How long, at most, until its orders moved again.",
        width=8,
        unit="s",
    ),
    Panel(
        "Records read by the last recovery",
        {"{{agent}}": "sum by (agent) (hub_recovery_records)"},
        "None where the local state was level with the changelog.",
        width=8,
    ),
    Panel(
        "Hand-overs within 5 minutes",
        {
            "rebalances {{instance}}": "sum by (instance) (increase(hub_rebalances_total[5m]))",
            "fenced {{agent}}": "sum by (agent) (increase(hub_fenced_producers_total[5m]))",
        },
        "Rebalances seen, and producers fenced by another worker.",
    ),
    Panel(
        "Applied offset, by topic",
        {"{{agent}} < {{topic}}": "sum by (agent, topic) (max by (agent, topic, partition) (hub_applied_offset))"},
        "Grows as long as the hub works; summed over the partitions.",
    ),
    Panel(
        "Due times handled a second",
        {"{{agent}}": "sum by (agent) (rate(hub_timers_fired_total[1m]))"},
        "Deadlines, parked events, stalled orders.",
    ),
    Panel(
        "Rules in effect, by version",
        {"{{version}}": "sum by (version) (hub_rules_info)", "refused": "sum(hub_rules_refused)"},
        "Workers by the version they go by; refused: changed rules are faulty.",
    ),
    Panel(
        "Sent out a minute, by outcome",
        {
            "{{sender}} {{receiver}} {{outcome}}": (
                "60 * sum by (sender, receiver, outcome) (rate(hub_sender_outcomes_total[5m]))"
            )
        },
        "Of `hub deliver`: waiting is tried again; dead and refused are given up.",
    ),
    Panel(
        "Not sent out yet",
        {
            "{{sender}} {{receiver}} in Kafka": "sum by (sender, receiver) (hub_sender_lag_records)",
            "{{sender}} {{receiver}} kept": "sum by (sender, receiver) (hub_sender_waiting_messages)",
        },
        "Records the senders have not read, and messages they keep until they are taken.",
    ),
    Panel(
        "Read for sending out a second, by topic",
        {"{{sender}} < {{topic}}": "sum by (sender, topic) (rate(hub_sender_records_total[5m]))"},
        "Records of which there is nothing to say count too.",
    ),
    Panel(
        "Time of a try to send",
        {
            "{{sender}} {{receiver}} median": _quantile("0.5", "hub_sender_try_seconds", "sender, receiver"),
            "{{sender}} {{receiver}} 99%": _quantile("0.99", "hub_sender_try_seconds", "sender, receiver"),
        },
        "A request, a mail, a document, a transaction with the database.",
        unit="s",
    ),
)


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards by name of their files."""
    return {
        "business.json": dashboard("orderhub-business", "Orders", _BUSINESS, since="now-6h"),
        "operations.json": dashboard("orderhub-operations", "Order hub", _OPERATIONS, since="now-30m"),
    }
