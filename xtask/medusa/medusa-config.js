// The server that `cargo xtask real medusa` starts: loopback only, no dashboard, all addresses from outside.
const { defineConfig } = require("@medusajs/framework/utils");

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: {
      host: "127.0.0.1",
      storeCors: "*",
      adminCors: "*",
      authCors: "*",
      jwtSecret: "for-tests-only",
      cookieSecret: "for-tests-only",
    },
  },
  admin: { disable: true },
});
