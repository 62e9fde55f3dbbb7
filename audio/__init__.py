"""Sources, player, sound card, audio ring, matcher: what was sent and what was heard."""
