#include "source/policy.h"

#include "source/inspection_parts.h"

namespace shoestring {

namespace {

constexpr const char* kPoliciesSql = R"(
  SELECT p.polrelid, p.polname,
         CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                       WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
         p.polpermissive,
         to_json(ARRAY(SELECT CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r) END
                       FROM unnest(p.polroles) AS r)),
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
         to_json(ARRAY(SELECT DISTINCT n.nspname || '.' || f.proname
                       FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
                       JOIN pg_namespace n ON n.oid = f.pronamespace
                       WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                         AND d.refclassid = 'pg_proc'::regclass
                         AND n.nspname <> 'pg_catalog' ORDER BY 1))
  FROM pg_policy p WHERE p.polrelid = ANY ($1::oid[]) ORDER BY p.polrelid, p.polname)";

}  // namespace

std::map<uint32_t, std::vector<Policy>> ReadPolicies(Connection* connection,
                                                     const std::string& oids) {
  const Rows rows = connection->Execute(kPoliciesSql, {oids});
  std::map<uint32_t, std::vector<Policy>> policies;
  for (int i = 0; i < rows.size(); ++i) {
    policies[static_cast<uint32_t>(rows.Integer(i, 0))].push_back(
        {std::string(rows.Text(i, 1)), std::string(rows.Text(i, 2)), rows.Boolean(i, 3),
         TextArray(rows, i, 4), std::string(rows.Text(i, 5)),
         std::string(rows.Text(i, 6)), TextArray(rows, i, 7)});
  }
  return policies;
}

}  // namespace shoestring
