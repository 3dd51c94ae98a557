#include "source/inspection_parts.h"

namespace shoestring {

namespace {

constexpr const char* kTriggersSql = R"(
  SELECT tn.nspname || '.' || tc.relname, t.tgname, fn.nspname || '.' || f.proname,
         pg_get_triggerdef(t.oid), t.tgenabled <> 'D'
  FROM pg_trigger t
  JOIN pg_class tc ON tc.oid = t.tgrelid
  JOIN pg_namespace tn ON tn.oid = tc.relnamespace
  JOIN pg_proc f ON f.oid = t.tgfoid
  JOIN pg_namespace fn ON fn.oid = f.pronamespace
  WHERE NOT t.tgisinternal AND t.tgparentid = 0
    AND (t.tgrelid = ANY ($1::oid[])
         OR fn.nspname IN (SELECT json_array_elements_text($2::json)))
  ORDER BY 1, 2)";

constexpr const char* kFunctionsSql = R"(
  SELECT format('%s.%s(%s)', n.nspname, p.proname,
                pg_get_function_identity_arguments(p.oid)),
         l.lanname, p.prokind, p.prosecdef,
         to_json(ARRAY(
           SELECT format('trigger %s on %s', t.tgname, t.tgrelid::regclass)
           FROM pg_trigger t
           WHERE t.tgfoid = p.oid AND NOT t.tgisinternal AND t.tgparentid = 0
           UNION
           SELECT format('policy %s on %s', o.polname, o.polrelid::regclass)
           FROM pg_depend d JOIN pg_policy o ON o.oid = d.objid
           WHERE d.classid = 'pg_policy'::regclass
             AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
           ORDER BY 1))
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname IN (SELECT json_array_elements_text($1::json))
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype = 'e')
  ORDER BY 1)";

}  // namespace

std::vector<Trigger> ReadTriggers(Connection* connection, const Inspection& inspection) {
  const Rows rows = connection->Execute(
      kTriggersSql, {OidArray(inspection.tables), JsonArray(inspection.schemas)});
  std::vector<Trigger> triggers;
  for (int i = 0; i < rows.size(); ++i) {
    triggers.push_back({std::string(rows.Text(i, 0)), std::string(rows.Text(i, 1)),
                        std::string(rows.Text(i, 2)), std::string(rows.Text(i, 3)),
                        rows.Boolean(i, 4)});
  }
  return triggers;
}

std::vector<SourceFunction> ReadFunctions(Connection* connection,
                                          const Inspection& inspection) {
  const Rows rows = connection->Execute(kFunctionsSql, {JsonArray(inspection.schemas)});
  std::vector<SourceFunction> functions;
  for (int i = 0; i < rows.size(); ++i) {
    functions.push_back({std::string(rows.Text(i, 0)), std::string(rows.Text(i, 1)),
                         rows.Text(i, 2)[0], rows.Boolean(i, 3), TextArray(rows, i, 4)});
  }
  return functions;
}

}  // namespace shoestring
