"""Facts and figures that leave: what is exported, in which columns, as files for whoever may take them and as views for BI tools."""
