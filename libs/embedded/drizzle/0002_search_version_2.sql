CREATE TABLE `search_fill` (
	`id` integer PRIMARY KEY NOT NULL,
	`chat_id` integer NOT NULL,
	`number` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `write_probe` (
	`id` integer PRIMARY KEY NOT NULL,
	`filler` blob NOT NULL
);
--> statement-breakpoint
-- Under another name, so that a program of the version before refuses to start: it would write this table alone.
ALTER TABLE `messages_fts` RENAME TO `messages_search_1`;--> statement-breakpoint
-- As that, without a copy of the texts: those of `messages` are folded where candidates are checked.
CREATE VIRTUAL TABLE `messages_search_2` USING fts5(folded, content = '', tokenize = 'trigram case_sensitive 1', detail = none, columnsize = 0);--> statement-breakpoint
INSERT INTO `messages_search_2` (`messages_search_2`, `rank`) VALUES ('automerge', 8);--> statement-breakpoint
INSERT INTO `search_fill` SELECT 1, 0, 0 WHERE EXISTS (SELECT 1 FROM `messages`);
