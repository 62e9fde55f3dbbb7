"""What is wrong with an input, where, in the words of the person who can mend it."""

import errno
import re
from dataclasses import dataclass

_LINE = re.compile(r"^line (\d+)(, column (?=\"))?")
_REASONS_VI = {
    errno.ENOENT: "không có tệp hoặc thư mục này",
    errno.EACCES: "không có quyền",
    errno.EPERM: "không được phép",
    errno.EISDIR: "đó là một thư mục",
    errno.ENOTDIR: "trong đường dẫn có tên không phải là thư mục",
    errno.EEXIST: "đã có tệp cùng tên",
    errno.ENOSPC: "ổ đĩa đã đầy",
    errno.EROFS: "ổ đĩa chỉ cho đọc",
    errno.EIO: "ổ đĩa bị lỗi",
    errno.ENAMETOOLONG: "tên quá dài",
    errno.ESPIPE: "đó là đường ống, không phải tệp",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning. ``where`` is "Sheet!B7", "line 12" or a key path; ``code`` never changes its meaning."""

    where: str
    code: str
    vi: str
    en: str

    def text(self, lang: str) -> str:
        return self.vi if lang == "vi" else self.en

    def place(self, lang: str) -> str:
        """``where`` for a person, "dòng 12, cột …"; ``where`` itself is the same in every language, for programs."""
        return _LINE.sub(_line_in_vietnamese, self.where) if lang == "vi" else self.where


def reason(error: OSError) -> tuple[str, str]:
    """Why the system refused, in Vietnamese and English."""
    en = error.strerror or str(error)
    return _REASONS_VI.get(error.errno or 0, en), en


def _line_in_vietnamese(found: re.Match[str]) -> str:
    return f"dòng {found[1]}" + (", cột " if found[2] else "")
