"""Notification channels: what happens, told in a few words in a group chat (Feishu, DingTalk, WeCom, Slack) or by mail."""
