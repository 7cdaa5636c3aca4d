import { defineConfig } from 'drizzle-kit';

/**
 * `bun run generate` needs no database. Afterwards write CREATE TABLE IF NOT EXISTS into the new file: DDL is not
 * transactional, so an interrupted migration runs again from its start.
 */
export default defineConfig({ dialect: 'mysql', schema: './src/schema.ts', out: './drizzle', breakpoints: true });
