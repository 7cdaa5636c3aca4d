DROP TABLE IF EXISTS `epochs`;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `epochs` (
	`partition_number` int unsigned NOT NULL,
	`epoch` bigint unsigned NOT NULL,
	`oldest` bigint unsigned NOT NULL,
	CONSTRAINT `epochs_partition_number` PRIMARY KEY(`partition_number`)
);
