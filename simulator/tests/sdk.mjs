// LINE's own SDK for Node.js, unmodified: every kind of call once. Prints what it saw as JSON.
import { HTTPFetchError, channelAccessToken, messagingApi, validateSignature } from "@line/bot-sdk";
import { readFileSync } from "node:fs";

const { baseURL, token, secret, userId, replyToken, imageId, picture, body, signature } = JSON.parse(
  readFileSync(0, "utf-8"),
);
const config = { channelAccessToken: token, baseURL };
const line = new messagingApi.MessagingApiClient(config);
const blob = new messagingApi.MessagingApiBlobClient(config);
const tokens = new channelAccessToken.ChannelAccessTokenClient({ baseURL });
const messages = [{ type: "text", text: "こんにちは" }];
const seen = {};

const refused = async (promise) => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof HTTPFetchError) return [error.status, JSON.parse(error.body).message];
    throw error;
  }
};
const bytes = async (stream) => Buffer.concat(await stream.toArray()).toString("base64");

seen.signature = [validateSignature(body, secret, signature), validateSignature(`${body} `, secret, signature)];
seen.replied = (await line.replyMessage({ replyToken, messages })).sentMessages.length;
seen.repliedAgain = await refused(line.replyMessage({ replyToken, messages }));
const key = "123e4567-e89b-12d3-a456-426614174000";
await line.pushMessage({ to: userId, messages }, key);
seen.pushedAgain = await refused(line.pushMessage({ to: userId, messages }, key));
await line.multicast({ to: [userId], messages });
await line.broadcast({ messages });
await line.validatePush({ messages });
seen.profile = (await line.getProfile(userId)).displayName;
seen.usage = (await line.getMessageQuotaConsumption()).totalUsage;
seen.followers = (await line.getFollowers(undefined, 10)).userIds;
seen.image = await bytes(await blob.getMessageContent(imageId));

const menu = { size: { width: 800, height: 400 }, selected: true, name: "一つ", chatBarText: "メニュー", areas: [] };
await line.validateRichMenuObject(menu);
const { richMenuId } = await line.createRichMenu(menu);
seen.tooEarly = await refused(line.setDefaultRichMenu(richMenuId));
const image = new Blob([Buffer.from(picture, "base64")], { type: "image/png" });
await blob.setRichMenuImage(richMenuId, image);
seen.picture = (await bytes(await blob.getRichMenuImage(richMenuId))) === picture;
await line.setDefaultRichMenu(richMenuId);
seen.isDefault = (await line.getDefaultRichMenuId()).richMenuId === richMenuId;
await line.createRichMenuAlias({ richMenuAliasId: "tab", richMenuId });
seen.aliases = (await line.getRichMenuAliasList()).aliases.map((alias) => alias.richMenuAliasId);
await line.linkRichMenuIdToUsers({ richMenuId, userIds: [userId] });
seen.isLinked = (await line.getRichMenuIdOfUser(userId)).richMenuId === richMenuId;
const { httpResponse } = await line.richMenuBatchWithHttpInfo({ operations: [{ type: "unlinkAll" }] });
const progress = await line.getRichMenuBatchProgress(httpResponse.headers.get("x-line-request-id"));
seen.batch = [httpResponse.status, progress.phase, await refused(line.getRichMenuIdOfUser(userId))];
seen.menus = (await line.getRichMenuList()).richmenus.length;
await line.deleteRichMenu(richMenuId);

const issued = await tokens.issueStatelessChannelTokenByClientSecret("2000000001", secret);
const fresh = new messagingApi.MessagingApiClient({ channelAccessToken: issued.access_token, baseURL });
seen.bot = (await fresh.getBotInfo()).basicId;

console.log(JSON.stringify(seen));
