"""say | emergency: texts made audible, alerts handed in by a person."""

import hashlib
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware_py.alerts.inbox import deposit
from firmware_py.alerts.station import home_of, memory_of, station_clock
from firmware_py.commands.context import CommandError, Context, failure, person
from firmware_py.commands.operate import send
from firmware_py.config import Config
from firmware_py.speech import Voice, voice_of
from scheduler.alert import MAX_BYTES, Alert, Outcome, Verdict, judge
from scheduler.clock import STATION_TZ, local_iso
from scheduler.loaders import cap
from scheduler.problem import reason
from scheduler.speech.abbreviations import BadAbbreviations
from scheduler.speech.notice import MAX_CHARS, Said
from scheduler.vietnamese import slug

# -- say ------------------------------------------------------------------------------------------------------------


def say(context: Context) -> None:
    """Shows the text as it will be said, makes it a programme file, and tells how to hear and to air it."""
    config, text = context.config(), _text(context)
    voice = _voice(config, context.args.voice)
    said = voice.said(text)
    _show(context, said)
    result: dict[str, Any] = {"text": text, "said": said.text, "spelt": said.spelt, "not_said": said.dropped}
    if not context.args.dry_run:
        result |= _made(context, config, voice, said)
    if context.args.json:
        context.print_json(result)


def _text(context: Context) -> str:
    given: str = context.args.text
    text = sys.stdin.read(MAX_CHARS + 1) if given == "-" else given
    if not text.strip():
        raise failure("say", "no_text", "không có gì để đọc", "there is nothing to say")
    if len(text) > MAX_CHARS:
        raise failure("say", "text_too_long", f"dài quá {MAX_CHARS} chữ cái", f"longer than {MAX_CHARS} letters")
    return text


def _voice(config: Config, name: str | None) -> Voice:
    try:
        return voice_of(config.speech, name)
    except BadAbbreviations as error:
        raise CommandError(*error.problems) from None


def _show(context: Context, said: Said) -> None:
    if not context.args.json:
        context.print(said.text)
    if said.spelt:
        names = ", ".join(said.spelt)
        context.say(
            f"Đọc từng chữ cái vì chưa biết: {names}. Có thể ghi thêm vào tệp viết tắt ([speech] abbreviations).",
            f"Said letter by letter, not known: {names}. Add them to the station's file ([speech] abbreviations).",
        )
    if said.dropped:
        context.say(f"Không đọc: {', '.join(said.dropped)}", f"Not said: {', '.join(said.dropped)}")


def _made(context: Context, config: Config, voice: Voice, said: Said) -> dict[str, Any]:
    from audio.decode import MediaError
    from audio.library import ingest, mark_heard
    from audio.speech import SpeechError, write

    path = _destination(context, config, said)
    try:
        write(path, voice.speak(said.text))
        if context.args.out:
            context.say(f"Đã ghi {path}: hãy nghe thử.", f"Wrote {path}: listen to it.")
            return {"file": str(path)}
        spoken = config.speech.heard_first and not context.args.now
        entry = ingest(path, config.library_dir, config.library.target_lufs, spoken=spoken)
    except (SpeechError, MediaError) as error:
        raise CommandError(error.problem) from None
    if context.args.now:
        by, why = person(context.args.by), context.args.why
        mark_heard(entry.name, config.library_dir)  # who orders it now answers for it
        send(config, "play", by, source=entry.name, duration_ms=entry.duration_ms, why=why)
        context.say(f"Đã gửi lệnh phát {entry.name}.", f"{entry.name} will play now.")
    else:
        _tell_how_to_air(context, path, entry.name, entry.unheard)
    return {"file": str(path), "name": entry.name, "duration_ms": entry.duration_ms, "unheard": entry.unheard}


def _tell_how_to_air(context: Context, path: Path, name: str, unheard: bool) -> None:
    context.say(f"Nghe thử: {path}", f"Listen to it: {path}")
    if unheard:
        context.say(
            f"Nghe rồi, đọc đúng thì xác nhận: smartradio heard {name}\nChưa xác nhận thì máy không phát theo lịch.",
            f"If it is right, say so: smartradio heard {name}\nUntil then it is not aired by the schedule.",
        )
    context.say(
        f"Phát ngay: smartradio play {path}\nVào lịch: ghi {name} ở cột Nguồn.",
        f"Play it now: smartradio play {path}\nSchedule it: its source is {name}",
    )


def heard(context: Context) -> None:
    """A person has listened to a notice: it may be aired. Booked with her name."""
    from audio.library import mark_heard

    config, name = context.config(), Path(context.args.file).name
    try:
        mark_heard(name, config.library_dir)
    except KeyError:
        vi, en = f"thư viện không có tệp “{name}”", f"“{name}” is not in the library"
        raise failure(name, "missing", vi, en) from None
    except OSError as error:
        where, (why_vi, why) = str(config.library_dir), reason(error)
        raise failure(where, "library", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None
    send(config, "heard", person(context.args.by), source=name, why=context.args.why)
    context.say(f"Đã ghi: {name} đã được nghe thử, máy sẽ phát.", f"Noted: {name} was listened to and will be aired.")


def _destination(context: Context, config: Config, said: Said) -> Path:
    """--out, or a file among the programmes: it is heard there, and a timetable finds it there."""
    from audio.decode import MediaError
    from audio.library import media_name

    if context.args.out:
        return Path(context.args.out)
    digest = hashlib.sha256(said.text.encode()).hexdigest()[:6]
    given = context.args.name or f"{slug(' '.join(said.text.split()[:8]), 40)}-{digest}"
    try:
        name = media_name(given if given.lower().endswith(".wav") else f"{given}.wav")
        config.paths.media_dir.mkdir(parents=True, exist_ok=True)
    except MediaError as error:
        raise CommandError(error.problem) from None
    except OSError as error:
        where, (why_vi, why) = str(config.paths.media_dir), reason(error)
        raise failure(where, "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None
    return config.paths.media_dir / name


# -- emergency ------------------------------------------------------------------------------------------------------


def emergency(context: Context) -> int:
    """Says what will become of an alert, and hands it in; the station judges it again when it takes it."""
    config = context.config()
    data = _read(Path(context.args.file))
    read = cap.read(data, context.args.file)
    context.warn(read.warnings)
    if read.alert is None:
        raise CommandError(*read.errors)
    verdict = _judged(config, read.alert)
    airs = verdict.outcome in (Outcome.AIRED, Outcome.CANCELLED)
    if airs and not context.args.dry_run:
        _hand_in(config, data)
    _tell(context, config, read.alert, verdict)
    return 0 if airs else 1


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        why_vi, why = reason(error)
        raise failure(str(path), "unreadable", f"không đọc được: {why_vi}", f"cannot be read: {why}") from None


def _judged(config: Config, alert: Alert) -> Verdict:
    reading = station_clock(config).read()
    return judge(alert, home_of(config.alerts), reading.wall, reading.quality.plays, memory_of(config).known)


def _hand_in(config: Config, data: bytes) -> None:
    try:
        deposit(config.alerts_dir, data, datetime.now(STATION_TZ))
    except OSError as error:
        where, (why_vi, why) = str(config.alerts_dir), reason(error)
        raise failure(where, "spool", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None


def _tell(context: Context, config: Config, alert: Alert, verdict: Verdict) -> None:
    broadcast = verdict.broadcast
    said = _voice(config, None).said(broadcast.text).text if broadcast and not broadcast.audio else ""
    if context.args.json:
        context.print_json(
            {
                "alert": alert.id,
                "outcome": str(verdict.outcome),
                "why": context.text(verdict.vi, verdict.en),
                "class": str(broadcast.bulletin_class) if broadcast else None,
                "title": broadcast.title if broadcast else None,
                "said": said or None,
                "audio": [resource.description for resource in broadcast.audio] if broadcast else [],
                "expires_at": local_iso(broadcast.expires) if broadcast else None,
                "replaces": list(verdict.stops),
            }
        )
        return
    context.say(f"{alert.id}: {verdict.vi}", f"{alert.id}: {verdict.en}")
    if said:
        context.print(said)
