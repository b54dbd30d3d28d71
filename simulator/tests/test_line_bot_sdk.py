"""LINE's own SDK, unmodified, against the simulator: only the host differs."""

import asyncio

import pytest
from linebot.v3 import oauth
from linebot.v3.messaging import (
    ApiClient,
    AsyncApiClient,
    AsyncMessagingApi,
    AsyncMessagingApiBlob,
    Configuration,
    FlexMessage,
    MarkMessagesAsReadByTokenRequest,
    MessagingApi,
    MessagingApiBlob,
    MulticastRequest,
    PushMessageRequest,
    QuickReply,
    QuickReplyItem,
    ReplyMessageRequest,
    ShowLoadingAnimationRequest,
    TextMessage,
    ValidateMessageRequest,
)
from linebot.v3.messaging.exceptions import ApiException
from linebot.v3.messaging.models import (
    BroadcastRequest,
    CreateRichMenuAliasRequest,
    FlexContainer,
    MessageAction,
    RichMenuArea,
    RichMenuBatchLinkOperation,
    RichMenuBatchRequest,
    RichMenuBounds,
    RichMenuBulkLinkRequest,
    RichMenuBulkUnlinkRequest,
    RichMenuRequest,
    RichMenuSize,
    RichMenuSwitchAction,
    UpdateRichMenuAliasRequest,
)
from linebot.v3.webhook import WebhookParser
from linebot.v3.webhooks import FollowEvent, MessageEvent, PostbackEvent, UnfollowEvent

from madoguchi_simulator.pictures import grey_png

SECRET, TOKEN = "secret-of-the-test", "token-of-the-test"
KEY = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
def configuration(line) -> Configuration:
    return Configuration(host=line.base, access_token=TOKEN)


def _text(text: str) -> TextMessage:
    action = MessageAction(label="はい", text="はい")
    items = [QuickReplyItem(action=action)]
    return TextMessage(text=text, quickReply=QuickReply(items=items))


def test_the_synchronous_client(line, bot, configuration):
    user_id = line.resident("花子", language="ja")
    line.says(user_id, "電池")
    reply_token = bot.events[-1]["replyToken"]
    read_token = bot.events[-1]["message"]["markAsReadToken"]
    photo = ("a.jpg", "image/jpeg", b"\xff\xd8jpeg")
    image = line.post_files(f"/sim/residents/{user_id}/messages", photo).json["messageId"]
    with ApiClient(configuration) as client:
        api = MessagingApi(client)
        messages = [_text("はい")]
        replied = api.reply_message(ReplyMessageRequest(replyToken=reply_token, messages=messages))
        assert replied.sent_messages[0].quote_token
        bubble = FlexContainer.from_dict(
            {
                "type": "bubble",
                "body": {
                    "type": "box",
                    "layout": "vertical",
                    "contents": [{"type": "text", "text": "こんにちは"}],
                },
            }
        )
        push = PushMessageRequest(
            to=user_id, messages=[FlexMessage(altText="案内", contents=bubble)]
        )
        pushed = api.push_message_with_http_info(push, x_line_retry_key=KEY)
        assert pushed.headers["x-line-request-id"]
        with pytest.raises(ApiException) as repeated:
            api.push_message(push, x_line_retry_key=KEY)
        assert repeated.value.status == 409
        accepted = repeated.value.headers["x-line-accepted-request-id"]
        assert accepted == pushed.headers["x-line-request-id"]
        api.multicast(MulticastRequest(to=[user_id], messages=[_text("皆さん")]))
        api.broadcast(BroadcastRequest(messages=[_text("全員へ")]))
        api.validate_push(ValidateMessageRequest(messages=[_text("確認")]))
        assert api.get_profile(user_id).display_name == "花子"
        assert api.get_message_quota().type == "none"
        assert api.get_message_quota_consumption().total_usage == 3
        assert api.get_number_of_sent_push_messages("20250101").status == "ready"
        assert api.get_followers(limit=10).user_ids == [user_id]
        assert api.get_bot_info().display_name == "見本市"
        assert api.get_webhook_endpoint().endpoint == bot.url
        assert api.test_webhook_endpoint().success
        api.show_loading_animation(ShowLoadingAnimationRequest(chatId=user_id, loadingSeconds=5))
        api.mark_messages_as_read_by_token(
            MarkMessagesAsReadByTokenRequest(markAsReadToken=read_token)
        )
        blob = MessagingApiBlob(client)
        assert bytes(blob.get_message_content(image)) == b"\xff\xd8jpeg"
        assert bytes(blob.get_message_content_preview(image)) == b"\xff\xd8jpeg"
    vias = [entry["via"] for entry in line.chat(user_id) if entry["from"] == "bot"]
    assert vias == ["reply", "push", "multicast", "broadcast"]


def test_the_asynchronous_client(line, bot, configuration):
    user_id = line.resident("花子")
    line.says(user_id, "電池")
    reply_token = bot.events[-1]["replyToken"]
    film = ("a.mp4", "video/mp4", b"film")
    video = line.post_files(f"/sim/residents/{user_id}/messages", film).json["messageId"]

    async def talk() -> None:
        async with AsyncApiClient(configuration) as client:
            api = AsyncMessagingApi(client)
            request = ReplyMessageRequest(replyToken=reply_token, messages=[_text("はい")])
            assert (await api.reply_message(request)).sent_messages
            with pytest.raises(ApiException) as used:
                await api.reply_message(request)
            assert "Invalid reply token" in used.value.body
            push = PushMessageRequest(to=user_id, messages=[_text("押す")])
            await api.push_message(push, x_line_retry_key=KEY)
            await api.multicast(MulticastRequest(to=[user_id], messages=[_text("皆さん")]))
            assert (await api.get_profile(user_id)).display_name == "花子"
            assert (await api.get_message_quota()).type == "none"
            loading = ShowLoadingAnimationRequest(chatId=user_id, loadingSeconds=5)
            await api.show_loading_animation(loading)
            blob = AsyncMessagingApiBlob(client)
            assert bytes(await blob.get_message_content(video)) == b"film"
            status = await blob.get_message_content_transcoding_by_message_id(video)
            assert status.status == "succeeded"

    asyncio.run(talk())
    assert [entry["via"] for entry in line.chat(user_id)][-3:] == ["reply", "push", "multicast"]


def _menu(alias: str) -> RichMenuRequest:
    switch = RichMenuSwitchAction(rich_menu_alias_id=alias, data="switched", label="次")
    area = RichMenuArea(bounds=RichMenuBounds(x=0, y=0, width=800, height=400), action=switch)
    return RichMenuRequest(
        size=RichMenuSize(width=800, height=400),
        selected=True,
        name="一つ",
        chat_bar_text="メニュー",
        areas=[area],
    )


def test_rich_menus_by_the_synchronous_client(line, bot, configuration):
    user_id, picture = line.resident(), grey_png(800, 400)
    with ApiClient(configuration) as client:
        api, blob = MessagingApi(client), MessagingApiBlob(client)
        api.validate_rich_menu_object(_menu("b"))
        a, b = (api.create_rich_menu(_menu(name)).rich_menu_id for name in ("b", "a"))
        with pytest.raises(ApiException) as early:
            api.set_default_rich_menu(a)
        assert "must upload richmenu image" in early.value.body
        for alias, menu_id in (("a", a), ("b", b)):
            blob.set_rich_menu_image(menu_id, picture, _headers={"Content-Type": "image/png"})
            api.create_rich_menu_alias(
                CreateRichMenuAliasRequest(rich_menu_alias_id=alias, rich_menu_id=menu_id)
            )
        assert bytes(blob.get_rich_menu_image(a)) == picture
        api.set_default_rich_menu(a)
        assert api.get_default_rich_menu_id().rich_menu_id == a
        line.post(f"/sim/residents/{user_id}/richmenu", {"area": "次"})
        (switched,) = WebhookParser(SECRET).parse(
            bot.requests[-1][1].decode(), bot.requests[-1][0]["x-line-signature"]
        )
        assert switched.postback.params["newRichMenuAliasId"] == "b"
        assert api.get_rich_menu_id_of_user(user_id).rich_menu_id == b
        api.link_rich_menu_id_to_user(user_id, a)
        api.unlink_rich_menu_id_from_user(user_id)
        api.link_rich_menu_id_to_users(RichMenuBulkLinkRequest(rich_menu_id=a, user_ids=[user_id]))
        move = RichMenuBatchLinkOperation(var_from=a, to=b)
        batch = RichMenuBatchRequest(operations=[move], resume_request_key="key")
        api.validate_rich_menu_batch_request(batch)
        accepted = api.rich_menu_batch_with_http_info(batch).headers["x-line-request-id"]
        assert api.get_rich_menu_batch_progress(accepted).phase == "succeeded"
        assert api.get_rich_menu_id_of_user(user_id).rich_menu_id == b
        api.unlink_rich_menu_id_from_users(RichMenuBulkUnlinkRequest(user_ids=[user_id]))
        assert [one.rich_menu_id for one in api.get_rich_menu_list().richmenus] == [a, b]
        api.update_rich_menu_alias("b", UpdateRichMenuAliasRequest(rich_menu_id=a))
        assert api.get_rich_menu_alias("b").rich_menu_id == a
        api.delete_rich_menu_alias("b")
        assert len(api.get_rich_menu_alias_list().aliases) == 1
        api.cancel_default_rich_menu()
        api.delete_rich_menu(a)
        with pytest.raises(ApiException) as gone:
            api.get_rich_menu(a)
        assert gone.value.status == 404


def test_rich_menus_by_the_asynchronous_client(line, configuration):
    user_id, picture = line.resident(), grey_png(800, 400)

    async def publish() -> None:
        async with AsyncApiClient(configuration) as client:
            api, blob = AsyncMessagingApi(client), AsyncMessagingApiBlob(client)
            menu_id = (await api.create_rich_menu(_menu("b"))).rich_menu_id
            await blob.set_rich_menu_image(menu_id, picture, _headers={"Content-Type": "image/png"})
            await api.link_rich_menu_id_to_user(user_id, menu_id)
            assert (await api.get_rich_menu_id_of_user(user_id)).rich_menu_id == menu_id
            shown = (await api.get_rich_menu(menu_id)).areas[0].action
            assert isinstance(shown, RichMenuSwitchAction)
            assert bytes(await blob.get_rich_menu_image(menu_id)) == picture

    asyncio.run(publish())
    assert line.get(f"/sim/residents/{user_id}/richmenu").json["source"] == "user"


def test_the_token_client(line):
    with oauth.ApiClient(oauth.Configuration(host=line.base)) as client:
        api = oauth.ChannelAccessToken(client)
        issued = api.issue_stateless_channel_token(
            grant_type="client_credentials", client_id="2000000001", client_secret=SECRET
        )
        assert issued.expires_in == 900
        lived = api.issue_channel_token(
            grant_type="client_credentials", client_id="2000000001", client_secret=SECRET
        )
        verified = api.verify_channel_token(access_token=lived.access_token)
        assert verified.client_id == "2000000001"
        api.revoke_channel_token(access_token=lived.access_token)
    with ApiClient(Configuration(host=line.base, access_token=issued.access_token)) as client:
        assert MessagingApi(client).get_bot_info().basic_id == "@simulator"


def test_the_parser_knows_every_event(line, bot):
    user_id = line.resident()
    line.says(user_id, "電池")
    line.post(f"/sim/residents/{user_id}/postback", {"data": "a:b"})
    line.post(f"/sim/residents/{user_id}/unfollow")
    parser = WebhookParser(SECRET)
    kinds = [
        type(event)
        for headers, body in bot.requests
        for event in parser.parse(body.decode(), headers["x-line-signature"])
    ]
    assert kinds == [FollowEvent, MessageEvent, PostbackEvent, UnfollowEvent]
