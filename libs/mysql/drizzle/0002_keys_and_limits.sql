-- An interrupted migration runs again from its start: see 0001.
CREATE TABLE IF NOT EXISTS `access_keys` (
	`id` binary(16) NOT NULL,
	`token` binary(16) NOT NULL,
	`name` varchar(100) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`hash` binary(32) NOT NULL,
	`scopes` varchar(255) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`expires_at` datetime(3),
	`last_used_at` datetime(3),
	`revoked_at` datetime(3),
	CONSTRAINT `access_keys_id` PRIMARY KEY(`id`),
	CONSTRAINT `access_keys_hash` UNIQUE(`hash`),
	INDEX `access_keys_token` (`token`,`created_at`),
	INDEX `access_keys_revoked_at` (`revoked_at`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `signing_keys` (
	`kid` binary(16) NOT NULL,
	`public_key` varchar(255) NOT NULL,
	`private_key` varchar(255) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `signing_keys_kid` PRIMARY KEY(`kid`)
);
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'applications' AND column_name = 'messages_per_second'),
	'DO 0',
	'ALTER TABLE `applications` ADD `messages_per_second` int unsigned, ADD `requests_per_second` int unsigned, ADD `creates_in_flight` int unsigned, ADD `live_connections` int unsigned, ADD `limits_changed_at` datetime(3), ADD INDEX `applications_limits` (`limits_changed_at`)'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'installation' AND column_name = 'keyed'),
	'DO 0',
	'ALTER TABLE `installation` ADD `keyed` tinyint NOT NULL DEFAULT 0'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
