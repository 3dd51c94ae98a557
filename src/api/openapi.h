#pragma once

#include <map>
#include <string>

#include "api/function.h"
#include "api/lake_schema.h"
#include "api/read_plan.h"

namespace shoestring {

/// What "/" answers: a description of the tables and functions that the caller may use,
/// as PostgREST gives it (Swagger 2.0). Pure.
std::string DescribeApi(const LakeSchema& lake, const std::string& schema,
                        const std::map<std::string, Function>& functions,
                        const Access& access);

}  // namespace shoestring
