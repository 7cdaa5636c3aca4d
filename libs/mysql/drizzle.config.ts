import { defineConfig } from 'drizzle-kit';

/**
 * For drizzle-kit. `bun run generate` turns changes of schema.ts into a new file of migrations, without a database.
 * Then write IF NOT EXISTS after its CREATE TABLEs: DDL is not transactional, so an interrupted migration runs again
 * from its start.
 */
export default defineConfig({ dialect: 'mysql', schema: './src/schema.ts', out: './drizzle', breakpoints: true });
