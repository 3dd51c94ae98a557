#pragma once

#include <cstdint>
#include <string>

#include "cost/prices.h"

namespace shoestring {

/// The most bytes that Athena scans for so much; 0 when its minimum costs more.
int64_t AthenaBytesFor(double dollars, const Prices& prices);

/// What S3 bills for so many GET requests; within the region bytes are free.
double S3GetDollars(int64_t requests, const Prices& prices);

/// "$0", "$0.000048", "$0.0031", "$12.35": two digits that tell something.
std::string FormatDollars(double dollars);

}  // namespace shoestring
