-- How far the search tables have the messages. Until now they were written with the messages.
ALTER TABLE `feed_state` ADD `indexed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `feed_state` SET `indexed` = coalesce((SELECT max(`seq`) FROM `feed`), 0);--> statement-breakpoint
-- Under another name, so that a program of the version before refuses to start: it would not raise `indexed`.
ALTER TABLE `search_filling` RENAME TO `search_fill_place`;
