import { defineConfig } from 'drizzle-kit';

/**
 * `bun run generate` needs no database. After it, write CREATE TABLE IF NOT EXISTS into the new file: DDL is not
 * transactional, so a migration that was cut short is run again from its beginning.
 */
export default defineConfig({ dialect: 'mysql', schema: './src/schema.ts', out: './drizzle', breakpoints: true });
