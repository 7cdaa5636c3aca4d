CREATE TABLE `feed` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`record` text NOT NULL,
	`bytes` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `feed_state` (
	`id` integer PRIMARY KEY NOT NULL,
	`low` integer NOT NULL,
	`activity` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `purges` (
	`token` text NOT NULL,
	`chat` integer NOT NULL,
	`through` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`token`, `chat`)
);
--> statement-breakpoint
CREATE INDEX `purges_created_at` ON `purges` (`created_at`);--> statement-breakpoint
CREATE TABLE `reads` (
	`token` text NOT NULL,
	`chat` integer NOT NULL,
	`user_id` text NOT NULL,
	`number` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`token`, `chat`, `user_id`)
);
--> statement-breakpoint
ALTER TABLE `applications` ADD `metadata` text;--> statement-breakpoint
ALTER TABLE `applications` ADD `version` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `applications` ADD `deleted_at` integer;--> statement-breakpoint
ALTER TABLE `applications` ADD `retention_days` integer;--> statement-breakpoint
CREATE INDEX `applications_retained` ON `applications` (`token`) WHERE retention_days IS NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `metadata` text;--> statement-breakpoint
ALTER TABLE `chats` ADD `version` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `deleted_at` integer;--> statement-breakpoint
ALTER TABLE `chats` ADD `purged_through` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `last_number` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `active_at` integer;--> statement-breakpoint
ALTER TABLE `messages` ADD `sender_id` text;--> statement-breakpoint
ALTER TABLE `messages` ADD `metadata` text;--> statement-breakpoint
ALTER TABLE `messages` ADD `accepted_at` integer;--> statement-breakpoint
ALTER TABLE `messages` ADD `deleted_at` integer;--> statement-breakpoint
-- The inbox of the chats that are there. Before the index, which is then made at once.
UPDATE `chats` SET
	`last_number` = coalesce((SELECT max(`id`) & 17179869183 FROM `messages` WHERE `id` > `chats`.`id` << 34 AND `id` <= (`chats`.`id` << 34) + 17179869183), 0),
	`active_at` = coalesce((SELECT `created_at` FROM `messages` WHERE `id` > `chats`.`id` << 34 AND `id` <= (`chats`.`id` << 34) + 17179869183 ORDER BY `id` DESC LIMIT 1), `created_at`);--> statement-breakpoint
CREATE INDEX `chats_active` ON `chats` (`token`,`active_at`,`number`);--> statement-breakpoint
INSERT INTO `feed_state` (`id`, `low`, `activity`) VALUES (1, 0, 0);--> statement-breakpoint
-- Under another name, so that a program of the version before refuses to start: it would show what is deleted.
ALTER TABLE `search_fill` RENAME TO `search_filled`;
