"""Lists as files: `Accept: text/csv`, or the media type of XLSX, at the address of any list gives the whole list as a table."""
