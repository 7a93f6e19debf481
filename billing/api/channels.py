"""Channels over HTTP: read them, make one, rename it, switch it off and on, archive it.

Never in an answer: an address beyond its host, or a secret, but once where it was made.
"""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.catalogue import READ_OR_MANAGE, ManagedView, found
from billing.flow.channels import (
    archive_channel,
    create_channel,
    disable_channel,
    enable_channel,
    rename_channel,
)
from billing.models import Channel, ChannelKind


class NewChannel(s.Serializer[object]):
    kind = s.ChoiceField(ChannelKind.choices)
    name = s.CharField(min_length=1, max_length=120)
    target = s.CharField(
        min_length=1,
        max_length=2000,
        help_text="An e-mail address, or the URL of the webhook, beginning with https://.",
    )


class ChannelChange(s.Serializer[object]):
    name = s.CharField(min_length=1, max_length=120, required=False)
    disabled = s.BooleanField(required=False)


class ChannelAnswer(s.Serializer[object]):
    id = s.IntegerField()
    kind = s.CharField()
    name = s.CharField()
    target = s.CharField(
        help_text="The e-mail address, or the host of the URL: its path is a secret."
    )
    created_at = s.DateTimeField()
    verified_at = s.DateTimeField(allow_null=True, help_text="When it first took a message.")
    disabled = s.BooleanField()
    disabled_reason = s.CharField(allow_null=True)
    archived = s.BooleanField()


class ChannelsAnswer(s.Serializer[object]):
    channels = ChannelAnswer(many=True)


class NewChannelAnswer(ChannelAnswer):
    secret = s.CharField(
        allow_null=True, help_text="What a webhook is signed with; it is not shown again."
    )


def channel_data(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.pk,
        "kind": channel.kind,
        "name": channel.name,
        "target": channel.shown,
        "created_at": channel.created_at.isoformat(),
        "verified_at": channel.verified_at and channel.verified_at.isoformat(),
        "disabled": channel.disabled_at is not None,
        "disabled_reason": channel.disabled_reason or None,
        "archived": channel.archived_at is not None,
    }


class Channels(ManagedView):
    @extend_schema(operation_id="list_channels", tags=["Channels"], responses=ChannelsAnswer)
    def get(self, request: Request) -> Response:
        """Every channel, archived ones included. A key that is bound to a project knows of none."""
        channels = Channel.objects.none() if self.key.project else Channel.objects.all()
        return Response({"channels": [channel_data(each) for each in channels]})

    @extend_schema(
        operation_id="create_channel",
        tags=["Channels"],
        request=NewChannel,
        responses={201: NewChannelAnswer},
    )
    def post(self, request: Request) -> Response:
        """Make a channel. The secret of a webhook is in this answer and nowhere else."""
        made = create_channel(actor=self.actor, **self.valid(NewChannel))
        return Response(channel_data(made.channel) | {"secret": made.secret or None}, status=201)


class OneChannel(ManagedView):
    scopes: ClassVar = {name: READ_OR_MANAGE[name] for name in ("PATCH", "DELETE")}

    @extend_schema(
        operation_id="change_channel",
        tags=["Channels"],
        request=ChannelChange,
        responses=ChannelAnswer,
    )
    def patch(self, request: Request, channel_id: int) -> Response:
        """Rename a channel, switch it off or on."""
        channel, change = self._channel(channel_id), self.valid(ChannelChange)
        if "name" in change:
            rename_channel(channel, actor=self.actor, name=change["name"])
        if change.get("disabled") is True:
            disable_channel(channel, actor=self.actor, now=timezone.now())
        elif change.get("disabled") is False:
            enable_channel(channel, actor=self.actor)
        return Response(channel_data(channel))

    @extend_schema(operation_id="archive_channel", tags=["Channels"], responses={204: None})
    def delete(self, request: Request, channel_id: int) -> Response:
        """Archive a channel for ever: its address is forgotten, its name and its log stay."""
        archive_channel(self._channel(channel_id), actor=self.actor, now=timezone.now())
        return Response(status=204)

    def _channel(self, channel_id: int) -> Channel:
        channel: Channel = found(Channel.objects, what="channel", pk=channel_id)
        return channel
