-- DDL is not transactional: an interrupted migration runs again from its start. So each table is altered by one
-- statement, which is left out if its first column is there. Adding columns at the end changes no row.
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'applications' AND column_name = 'metadata'),
	'DO 0',
	'ALTER TABLE `applications` ADD `metadata` text character set utf8mb4 collate utf8mb4_0900_bin, ADD `version` int unsigned NOT NULL DEFAULT 1, ADD `deleted_at` datetime(3), ADD `retention_days` int unsigned, ADD INDEX `applications_retention` (`partition_number`, `retention_days`, `token`)'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'chats' AND column_name = 'metadata'),
	'DO 0',
	'ALTER TABLE `chats` ADD `metadata` text character set utf8mb4 collate utf8mb4_0900_bin, ADD `version` int unsigned NOT NULL DEFAULT 1, ADD `deleted_at` datetime(3), ADD `purged_through` bigint unsigned NOT NULL DEFAULT 0'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'messages' AND column_name = 'sender_id'),
	'DO 0',
	'ALTER TABLE `messages` ADD `sender_id` varchar(128) character set ascii collate ascii_bin, ADD `metadata` text character set utf8mb4 collate utf8mb4_0900_bin, ADD `accepted_at` datetime(3), ADD `deleted_at` datetime(3)'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'batches' AND column_name = 'kind'),
	'DO 0',
	'ALTER TABLE `batches` ADD `kind` varchar(16), ADD `reads` json'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `purges` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`chat_number` bigint unsigned NOT NULL,
	`through` bigint unsigned,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `purges_partition_number_token_chat_number_pk` PRIMARY KEY(`partition_number`,`token`,`chat_number`),
	INDEX `purges_created_at` (`partition_number`,`created_at`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `reads` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`chat_number` bigint unsigned NOT NULL,
	`user_id` varchar(128) character set ascii collate ascii_bin NOT NULL,
	`message_number` bigint unsigned NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `reads_partition_number_token_chat_number_user_id_pk` PRIMARY KEY(`partition_number`,`token`,`chat_number`,`user_id`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `activity` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`chat_number` bigint unsigned NOT NULL,
	`last_number` bigint unsigned NOT NULL,
	`at` datetime(3) NOT NULL,
	CONSTRAINT `activity_partition_number_token_chat_number_pk` PRIMARY KEY(`partition_number`,`token`,`chat_number`),
	INDEX `activity_at` (`partition_number`,`token`,`at`,`chat_number`,`last_number`)
);
--> statement-breakpoint
SET @alter = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'partitions' AND column_name = 'activity'),
	'DO 0',
	'ALTER TABLE `partitions` ADD `activity` bigint unsigned NOT NULL DEFAULT 0'
);
--> statement-breakpoint
PREPARE alter_once FROM @alter;
--> statement-breakpoint
EXECUTE alter_once;
--> statement-breakpoint
DEALLOCATE PREPARE alter_once;
