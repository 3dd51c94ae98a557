#include <algorithm>

#include "source/inspection_parts.h"

namespace shoestring {

namespace {

constexpr std::string_view kSchemas[] = {"_analytics",
                                         "_realtime",
                                         "_supavisor",
                                         "auth",
                                         "cron",
                                         "extensions",
                                         "graphql",
                                         "graphql_public",
                                         "net",
                                         "pgbouncer",
                                         "pgmq",
                                         "pgsodium",
                                         "pgsodium_masks",
                                         "pgtle",
                                         "realtime",
                                         "repack",
                                         "storage",
                                         "supabase_functions",
                                         "supabase_migrations",
                                         "vault"};

// pg_class, since to_regclass() wants USAGE on the schema.
constexpr const char* kPresentSql = R"(
  SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (n.nspname, c.relname) IN (('auth', 'users'), ('storage', 'buckets'),
                                   ('storage', 'objects'), ('cron', 'job'))
  UNION ALL SELECT rolname FROM pg_roles WHERE rolname = 'supabase_admin')";

constexpr const char* kRealtimeSql = R"(
  SELECT schemaname || '.' || tablename FROM pg_publication_tables
  WHERE pubname = 'supabase_realtime' ORDER BY 1)";

}  // namespace

bool IsSupabaseSchema(std::string_view name) {
  return std::find(std::begin(kSchemas), std::end(kSchemas), name) != std::end(kSchemas);
}

std::optional<SupabaseUse> ReadSupabase(Connection* connection) {
  const auto present = FirstColumn(connection->Execute(kPresentSql));
  const auto has = [&present](std::string_view name) {
    return std::find(present.begin(), present.end(), name) != present.end();
  };
  if (!has("auth.users")) return std::nullopt;
  if (!has("storage.buckets") && !has("supabase_admin")) return std::nullopt;
  const auto count = [&](const std::string& table, const std::string& what) {
    if (!has(table)) return std::optional<int64_t>(0);
    return TryCount(connection, "SELECT " + what + " FROM " + table);
  };
  SupabaseUse use;
  use.users = count("auth.users", "count(*)");
  use.buckets = count("storage.buckets", "count(*)");
  use.objects = count("storage.objects", "count(*)");
  use.object_bytes =
      count("storage.objects", "coalesce(sum((metadata ->> 'size')::bigint), 0)");
  use.cron_jobs = count("cron.job", "count(*)");
  use.realtime_tables = FirstColumn(connection->Execute(kRealtimeSql));
  return use;
}

}  // namespace shoestring
