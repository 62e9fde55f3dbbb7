"""What people read: words, tables, the month's figure and the logbook as CSV, XLSX, DOCX and PDF.

The writers are for one-off processes. They import their libraries inside, so that ``words`` and ``table`` cost nothing.
"""
