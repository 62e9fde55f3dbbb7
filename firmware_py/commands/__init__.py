"""What each command of ``smartradio`` does; a module a subject, imported only when its command is called."""
