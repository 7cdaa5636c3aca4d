CREATE TABLE IF NOT EXISTS `applications` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`name` varchar(255) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`chats_count` bigint unsigned NOT NULL DEFAULT 0,
	`event_id` binary(16) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `applications_partition_number_token_pk` PRIMARY KEY(`partition_number`,`token`),
	INDEX `applications_token` (`token`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `batches` (
	`partition_number` smallint unsigned NOT NULL,
	`seq` bigint unsigned NOT NULL,
	`generation` bigint unsigned NOT NULL,
	`messages` json NOT NULL,
	`chats` json NOT NULL,
	`documents` int unsigned NOT NULL,
	`indexed` tinyint NOT NULL DEFAULT 0,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `batches_partition_number_seq_pk` PRIMARY KEY(`partition_number`,`seq`),
	INDEX `batches_indexed` (`indexed`,`partition_number`,`seq`),
	INDEX `batches_generation` (`partition_number`,`generation`,`seq`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `chats` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`number` bigint unsigned NOT NULL,
	`name` varchar(255) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`messages_count` bigint unsigned NOT NULL DEFAULT 0,
	`event_id` binary(16) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `chats_partition_number_token_number_pk` PRIMARY KEY(`partition_number`,`token`,`number`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `idempotency` (
	`partition_number` smallint unsigned NOT NULL,
	`scope` binary(16) NOT NULL,
	`key_hash` binary(32) NOT NULL,
	`body_hash` binary(32) NOT NULL,
	`event_id` binary(16) NOT NULL,
	`token` binary(16) NOT NULL,
	`first` bigint unsigned NOT NULL,
	`epoch` bigint unsigned NOT NULL,
	`at` datetime(3) NOT NULL,
	CONSTRAINT `idempotency_partition_number_scope_key_hash_pk` PRIMARY KEY(`partition_number`,`scope`,`key_hash`),
	INDEX `idempotency_at` (`partition_number`,`at`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `installation` (
	`id` tinyint NOT NULL,
	`partitions` smallint unsigned NOT NULL,
	`search_list` bigint unsigned NOT NULL DEFAULT 0,
	CONSTRAINT `installation_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `messages` (
	`partition_number` smallint unsigned NOT NULL,
	`token` binary(16) NOT NULL,
	`chat_number` bigint unsigned NOT NULL,
	`number` bigint unsigned NOT NULL,
	`content` varchar(10000) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`event_id` binary(16) NOT NULL,
	`version` int unsigned NOT NULL DEFAULT 1,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `messages_partition_number_token_chat_number_number_pk` PRIMARY KEY(`partition_number`,`token`,`chat_number`,`number`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `partitions` (
	`partition_number` smallint unsigned NOT NULL,
	`seq` bigint unsigned NOT NULL DEFAULT 0,
	`low` bigint unsigned NOT NULL DEFAULT 0,
	`epoch` bigint unsigned NOT NULL DEFAULT 0,
	`oldest` bigint unsigned NOT NULL DEFAULT 0,
	`generation` bigint unsigned NOT NULL DEFAULT 1,
	`flushed` bigint unsigned NOT NULL DEFAULT 0,
	`deletes` bigint unsigned NOT NULL DEFAULT 0,
	`fences` bigint unsigned NOT NULL DEFAULT 0,
	`level` smallint unsigned NOT NULL,
	CONSTRAINT `partitions_partition_number` PRIMARY KEY(`partition_number`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `programs` (
	`id` binary(16) NOT NULL,
	`name` varchar(16) NOT NULL,
	`level` smallint unsigned NOT NULL,
	`search_list` bigint unsigned NOT NULL,
	`indexing` tinyint NOT NULL,
	`seen_at` datetime(3) NOT NULL,
	CONSTRAINT `programs_id` PRIMARY KEY(`id`)
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `search_indices` (
	`name` varchar(255) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `search_indices_name` PRIMARY KEY(`name`)
);
