"""CAP 1.2 documents for tests: one that is right, and any change of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler.clock import STATION_TZ

SENDER = "canhbao@kttv.gov.vn"
FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
HEADLINE = "Cảnh báo lũ quét trên sông Cầu"
POLYGON = "21.50,105.70 21.70,105.70 21.70,105.90 21.50,105.90 21.50,105.70"


def cap(
    identifier: str = "VN-1",
    *,
    sent: datetime = FIVE,
    status: str = "Actual",
    kind: str = "Alert",
    scope: str = "Public",
    sender: str = SENDER,
    references: Sequence[str] = (),
    infos: Sequence[str] | None = None,
    namespace: str = "urn:oasis:names:tc:emergency:cap:1.2",
) -> bytes:
    body = "".join(infos if infos is not None else [info()])
    named = f"<references>{' '.join(references)}</references>" if references else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{namespace}">'
        f"<identifier>{identifier}</identifier><sender>{sender}</sender><sent>{sent.isoformat()}</sent>"
        f"<status>{status}</status><msgType>{kind}</msgType><scope>{scope}</scope>{named}{body}</alert>"
    ).encode()


def info(
    *,
    language: str = "vi-VN",
    urgency: str = "Immediate",
    severity: str = "Extreme",
    certainty: str = "Observed",
    expires: datetime | None = FIVE + timedelta(hours=6),
    headline: str = HEADLINE,
    description: str = "Lúc 5h30 ngày 23/11, nước sông Cầu lên mức báo động III.",
    resources: str = "",
    areas: str = "",
) -> str:
    until = f"<expires>{expires.isoformat()}</expires>" if expires else ""
    return (
        f"<info><language>{language}</language><category>Met</category><event>Lũ quét</event>"
        f"<urgency>{urgency}</urgency>"
        f"<severity>{severity}</severity><certainty>{certainty}</certainty>{until}<headline>{headline}</headline>"
        f"<description>{description}</description><instruction>Bà con ven sông sơ tán ngay.</instruction>"
        f"{resources}{areas}</info>"
    )


def area(description: str = "Xã Đồng Tâm", **parts: str) -> str:
    """*parts*: polygon, circle; geocode as "SCHEME=value"."""
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if name != "geocode")
    if "geocode" in parts:
        scheme, _, value = parts["geocode"].partition("=")
        inside += f"<geocode><valueName>{scheme}</valueName><value>{value}</value></geocode>"
    return f"<area><areaDesc>{description}</areaDesc>{inside}</area>"


def resource(mime_type: str = "audio/x-wav", *, uri: str = "canh-bao.wav", inline: str = "", digest: str = "") -> str:
    parts = {"uri": uri, "derefUri": inline, "digest": digest}
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if text)
    return f"<resource><resourceDesc>Bản ghi âm</resourceDesc><mimeType>{mime_type}</mimeType>{inside}</resource>"


def name_of(identifier: str, sent: datetime = FIVE, sender: str = SENDER) -> str:
    return f"{sender},{identifier},{sent.isoformat()}"
