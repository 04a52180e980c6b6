"""Addresses of events, webhooks and notifications, below `/api/v1/`."""

from django.urls import URLPattern, path

from stellapolicy.outbox.api import events, notifications, webhooks

urlpatterns: list[URLPattern] = [
    path("events", events.Events.as_view(), name="events"),
    path("event-types", events.EventTypes.as_view(), name="event-types"),
    path("webhooks", webhooks.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:pk>", webhooks.Webhook.as_view(), name="webhook"),
    path("webhooks/<uuid:pk>:rotate", webhooks.WebhookRotation.as_view(), name="webhook-rotate"),
    path("webhooks/<uuid:pk>:pause", webhooks.WebhookPause.as_view(), name="webhook-pause"),
    path("webhooks/<uuid:pk>:resume", webhooks.WebhookResumption.as_view(), name="webhook-resume"),
    path("webhooks/<uuid:pk>:ping", webhooks.WebhookPing.as_view(), name="webhook-ping"),
    path("webhooks/<uuid:pk>/deliveries", webhooks.WebhookDeliveries.as_view(), name="webhook-deliveries"),
    path(
        "webhooks/<uuid:pk>/deliveries/<uuid:delivery_id>:redeliver",
        webhooks.WebhookRedelivery.as_view(),
        name="webhook-redeliver",
    ),
    path("notification-channels", notifications.Channels.as_view(), name="notification-channels"),
    path("notification-channels/<uuid:pk>", notifications.Channel.as_view(), name="notification-channel"),
    path("notification-rules", notifications.Rules.as_view(), name="notification-rules"),
    path("notification-rules/<uuid:pk>", notifications.Rule.as_view(), name="notification-rule"),
    path("notification-rules/<uuid:pk>:mute", notifications.RuleMute.as_view(), name="notification-rule-mute"),
    path("notification-rules/<uuid:pk>:unmute", notifications.RuleUnmute.as_view(), name="notification-rule-unmute"),
    path("notifications", notifications.Inbox.as_view(), name="notifications"),
    path("notifications:mark-read", notifications.InboxReading.as_view(), name="notifications-mark-read"),
]
