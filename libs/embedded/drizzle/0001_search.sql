-- No positions and no lengths are kept: candidates are checked text by text, so neither is ever asked for.
CREATE VIRTUAL TABLE `messages_fts` USING fts5(folded, tokenize = 'trigram case_sensitive 1', detail = none, columnsize = 0);--> statement-breakpoint
-- Merging later costs less for each message, and a search looks into a few more segments.
INSERT INTO `messages_fts` (`messages_fts`, `rank`) VALUES ('automerge', 8);
