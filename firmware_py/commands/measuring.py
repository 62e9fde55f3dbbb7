"""measure: what a recording of the return proves about what was sent, as figures and as a picture."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from audio.format import RATE_HZ
from audio.measure import Block, Measurement, Observer
from audio.measure import measure as measure_files
from audio.wav import WavError, open_wav
from firmware_py.commands.context import Context, failure
from scheduler.problem import reason
from telemetry.reports.files import can_be_written
from telemetry.reports.words import word_or_code

if TYPE_CHECKING:
    from audio.traces import Traces

_PATIENCE_S, _EVERY_S = 2.0, 0.5


def measure(context: Context) -> None:
    sent, heard = Path(context.args.sent), Path(context.args.heard)
    plot = _plot_path(context)
    traces = _new_traces() if plot else None
    result = _measured(context, sent, heard, traces)
    if plot and traces:
        _draw(context, result, traces, plot)
    if context.args.json:
        context.print_json(result.to_json())
    else:
        _print(context, result)
    _remark_on_result(context, result)


def _measured(context: Context, sent: Path, heard: Path, traces: "Traces | None") -> Measurement:
    progress = _Progress(context)
    try:
        _remark(context, sent, heard)
        return measure_files(sent, heard, [progress, *([traces] if traces else [])])
    except WavError as error:
        raise failure(str(error.path), "unreadable", error.vi, error.en) from None
    finally:
        progress.end()


def _print(context: Context, result: Measurement) -> None:
    for part in result.segments:
        state, quality = (word_or_code(code, context.lang) for code in (part.state, part.quality))
        context.print(f"{part.from_ms / 1000:10.3f} {part.to_ms / 1000:10.3f}  {state}, {quality}")
    context.say(
        f"đã phát {result.sent_ms} ms: lên sóng {result.on_air_ms} ± {result.uncertainty_ms}, "
        f"không lên sóng {result.not_on_air_ms}, chưa đo được {result.unobserved_ms}",
        f"sent {result.sent_ms} ms: on air {result.on_air_ms} ± {result.uncertainty_ms}, "
        f"not {result.not_on_air_ms}, unobserved {result.unobserved_ms}",
    )
    if result.evidence_share is not None:
        share, snr = f"{100 * result.evidence_share:.0f} %", f"{result.snr_db} dB" if result.snr_db is not None else "–"
        context.say(
            f"có bằng chứng {share} thời gian, tín hiệu trên tạp âm {snr}",
            f"evidence in {share} of the time, signal to noise {snr}",
        )
    _say_loudness(context, ("đã phát", "sent"), result.sent_loudness.to_json())
    _say_loudness(context, ("nghe được", "heard"), result.heard_loudness.to_json())


def _say_loudness(context: Context, side: tuple[str, str], loudness: dict[str, float | None]) -> None:
    whole, short, peak = ("-" if value is None else f"{value:.1f}" for value in loudness.values())
    context.say(
        f"độ to {side[0]}: cả bài {whole} LUFS, lớn nhất trong 3 giây {short} LUFS, đỉnh thực {peak} dBTP",
        f"loudness {side[1]}: integrated {whole} LUFS, highest short-term {short} LUFS, true peak {peak} dBTP",
    )


def _remark(context: Context, sent: Path, heard: Path) -> None:
    """What a person may have overlooked. Raises WavError."""
    for path in (sent, heard):
        with open_wav(path) as wav:
            channels = wav.form.channels
        if channels > 1:
            context.say(
                f"Chú ý: {path} có {channels} kênh, đã lấy trung bình các kênh.",
                f"Note: {path} has {channels} channels; they are averaged.",
            )
    if sent.samefile(heard):
        context.say(
            "Chú ý: hai tên là cùng một tệp; so một tệp với chính nó không chứng minh được gì.",
            "Note: both names are the same file; a file measured against itself proves nothing.",
        )


def _remark_on_result(context: Context, result: Measurement) -> None:
    if result.delay_ms is None:
        context.say(
            "Chú ý: không chỗ nào của bản thu khớp với bản đã phát (đúng tệp chưa? lệch quá −2 … +10 s?).",
            "Note: the recording matches what was sent nowhere (the right files? more than −2 … +10 s apart?).",
        )


# ---- the picture --------------------------------------------------------------------------------------------------


def _plot_path(context: Context) -> Path | None:
    """Where to draw, checked before hours of sound are read. Raises CommandError."""
    if not context.args.plot:
        return None
    path = Path(context.args.plot)
    if path.suffix.lower() != ".png":
        vi, en = "chỉ vẽ được tệp .png", "only .png files are drawn"
        raise failure(str(path), "bad_suffix", vi, en)
    if not can_be_written(path):
        vi = "không ghi được: không có thư mục này, không được phép, hoặc đó là một thư mục"
        en = "cannot be written: no such folder, not permitted, or it is a folder itself"
        raise failure(str(path), "unwritable", vi, en)
    return path


def _new_traces() -> "Traces":
    from audio.traces import Traces

    return Traces()


def _draw(context: Context, result: Measurement, traces: "Traces", plot: Path) -> None:
    from telemetry.reports.files import measure_png

    sent, heard = Path(context.args.sent).name, Path(context.args.heard).name
    try:
        measure_png(result, traces.panels(), sent, heard, plot, context.lang)
    except OSError as error:
        why_vi, why = reason(error)
        raise failure(str(plot), "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None
    context.say(f"Đã ghi {plot}", f"Wrote {plot}")


# ---- progress -----------------------------------------------------------------------------------------------------


class _Progress(Observer):
    """Says how far a long measurement is, to whom watches a terminal."""

    def __init__(self, context: Context) -> None:
        self._context, self._total, self._done = context, 1, 0
        self._next_s = time.monotonic() + _PATIENCE_S
        self._shown = False

    def begin(self, sent_frames: int, heard_frames: int) -> None:
        self._total = max(1, sent_frames)

    def sent(self, block: Block) -> None:
        self._done += len(block)
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _EVERY_S
            self._show()

    def end(self) -> None:
        if self._shown:
            self._context.show_progress("")

    def _show(self) -> None:
        self._shown = True
        percent, minutes = self._done * 100 // self._total, self._done / RATE_HZ / 60
        self._context.show_progress(
            self._context.text(
                f"đang đo: {minutes:.0f} phút, {percent} %", f"measuring: {minutes:.0f} min, {percent} %"
            )
        )
