# ruff: noqa: RUF001  Chinese is written with full-width punctuation
"""The texts a customer reads."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.customer import NotificationKind

TEXTS: Mapping[str, Mapping[NotificationKind, str]] = {
    "en": {
        "received": "We have received your order {order}.",
        "confirmation-requested": "Please confirm your order {order} by {until} (UTC).",
        "confirmed": "Your order {order} is confirmed.",
        "refused": "We cannot carry out your request on order {order}: {reason}.",
        "changed": "Your order {order} has been changed: {reason}.",
        "delayed": "Your order {order} is delayed. It is now expected on {until}.",
        "shipped": "Goods of your order {order} are on their way: {reason}.",
        "delivered": "Your order {order} has been delivered in full.",
        "cancelled": "Your order {order} has been cancelled: {reason}.",
        "settled": "Your order {order} has been settled. To pay: {reason}.",
    },
    "zh": {
        "received": "我们已收到您的订单 {order}。",
        "confirmation-requested": "请在 {until}（UTC）前确认您的订单 {order}。",
        "confirmed": "您的订单 {order} 已确认。",
        "refused": "订单 {order} 的请求无法执行：{reason}。",
        "changed": "您的订单 {order} 已变更：{reason}。",
        "delayed": "您的订单 {order} 延期，预计 {until} 到货。",
        "shipped": "订单 {order} 的货物已发出：{reason}。",
        "delivered": "您的订单 {order} 已全部送达。",
        "cancelled": "您的订单 {order} 已取消：{reason}。",
        "settled": "您的订单 {order} 已结算，应付 {reason}。",
    },
}
"""Locale (language only) -> kind -> text."""
