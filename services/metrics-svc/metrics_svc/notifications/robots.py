"""The calls of chat robots, as their makers document them. Pure.

Feishu (and Lark), DingTalk and WeCom answer 200 whatever they think of a message and say it in a code; Slack says it by the status.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

from metrics_svc.notifications.record import ChannelKind
from shared.outbound.rules import Answer

JSON = {"content-type": "application/json; charset=utf-8"}
SIGNING = frozenset({ChannelKind.FEISHU, ChannelKind.DINGTALK})
"""Whose robots check a signature when their owner has set a secret there. Of the others the address is all the secret there is."""
TOO_FAST = timedelta(minutes=1)
"""How long to wait when a robot says that it is called too often."""
_TOO_OFTEN = {
    ChannelKind.FEISHU: {11232},
    ChannelKind.DINGTALK: {130101, 90030},
    ChannelKind.WECOM: {45009},
}
_MEANINGS = {
    (ChannelKind.FEISHU, 19021): "the signature is wrong or the clock is off: is it the robot's secret?",
    (ChannelKind.FEISHU, 19022): "its list of addresses does not have ours",
    (ChannelKind.FEISHU, 19024): "the message has none of the robot's keywords",
    (ChannelKind.FEISHU, 19001): "there is no such robot: was it removed?",
    (ChannelKind.DINGTALK, 310000): "its security settings refuse it: the signature, a keyword, or our address",
    (ChannelKind.DINGTALK, 300001): "there is no such robot: was it removed?",
    (ChannelKind.DINGTALK, 400101): "there is no such robot: was it removed?",
    (ChannelKind.WECOM, 93000): "there is no such robot: was it removed?",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A POST."""

    url: str
    body: bytes


def unlike(kind: ChannelKind, url: str) -> str | None:
    """What the robot's address lacks to be one of this kind, as a sentence; None when it looks right."""
    parts = urlsplit(url)
    given = parse_qs(parts.query)
    if kind is ChannelKind.FEISHU and "/bot/v2/hook/" not in parts.path:
        return "The address of a Feishu robot looks like https://open.feishu.cn/open-apis/bot/v2/hook/..."
    if kind is ChannelKind.DINGTALK and not (parts.path == "/robot/send" and given.get("access_token")):
        return "The address of a DingTalk robot looks like https://oapi.dingtalk.com/robot/send?access_token=..."
    if kind is ChannelKind.WECOM and not (parts.path == "/cgi-bin/webhook/send" and given.get("key")):
        return "The address of a WeCom robot looks like https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=..."
    if kind is ChannelKind.SLACK and not parts.path.startswith("/services/"):
        return "The address of a Slack webhook looks like https://hooks.slack.com/services/..."
    return None


def call(kind: ChannelKind, url: str, secret: str | None, text: str, at: datetime) -> Call:
    """What is posted to write `text`. With a secret it is signed for this moment."""
    if kind is ChannelKind.FEISHU:
        stamp = str(int(at.timestamp()))
        signs = {"timestamp": stamp, "sign": _sign(f"{stamp}\n{secret}", "")} if secret else {}
        return Call(url, _json({**signs, "msg_type": "text", "content": {"text": _harmless(text)}}))
    if kind is ChannelKind.DINGTALK:
        stamp = str(int(at.timestamp() * 1000))
        signed = f"&timestamp={stamp}&sign={quote_plus(_sign(secret, f'{stamp}{chr(10)}{secret}'))}" if secret else ""
        return Call(url + signed, _json({"msgtype": "text", "text": {"content": text}}))
    if kind is ChannelKind.WECOM:
        return Call(url, _json({"msgtype": "text", "text": {"content": text}}))
    return Call(url, _json({"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}))


def judged(kind: ChannelKind, answer: Answer) -> Answer:
    """What the answer means: one of 200 may still be a refusal, and a refusal for haste is worth a wait."""
    if kind is ChannelKind.SLACK or not answer.is_taken:
        return replace(answer, said=b"")
    code = _code(answer.said)
    if code == 0:
        return replace(answer, said=b"")
    if code is None:
        return replace(answer, said=b"", error="the answer is not that of such a robot: is the address right?")
    if code in _TOO_OFTEN[kind]:
        return replace(answer, said=b"", error=f"it is called too often (code {code})", retry_after=TOO_FAST)
    return replace(answer, said=b"", error=f"the robot refused it (code {code}): {_MEANINGS.get((kind, code), 'see its documentation')}")


def _code(said: bytes) -> int | None:
    try:
        told: Any = json.loads(said)
    except ValueError:
        return None
    found = next((told[name] for name in ("code", "errcode", "StatusCode") if name in told), None) if isinstance(told, Mapping) else None
    return found if isinstance(found, int) else None


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _harmless(text: str) -> str:
    """A customer whose name is `<at user_id="all">` calls nobody."""
    return text.replace("<", "＜").replace(">", "＞")
