CREATE TABLE `access` (
	`id` integer PRIMARY KEY NOT NULL,
	`keyed` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `access_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`token` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `access_keys_hash` ON `access_keys` (`hash`);--> statement-breakpoint
CREATE INDEX `access_keys_token` ON `access_keys` (`token`,`created_at`);--> statement-breakpoint
CREATE INDEX `access_keys_revoked` ON `access_keys` (`revoked_at`) WHERE revoked_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`kid` text PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`private_key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `applications` ADD `messages_per_second` integer;--> statement-breakpoint
ALTER TABLE `applications` ADD `requests_per_second` integer;--> statement-breakpoint
ALTER TABLE `applications` ADD `creates_in_flight` integer;--> statement-breakpoint
ALTER TABLE `applications` ADD `live_connections` integer;--> statement-breakpoint
ALTER TABLE `applications` ADD `limits_changed_at` integer;--> statement-breakpoint
CREATE INDEX `applications_limits` ON `applications` (`limits_changed_at`) WHERE limits_changed_at IS NOT NULL;