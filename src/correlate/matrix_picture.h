#pragma once

#include "correlate/cluster.h"
#include "correlate/matrix.h"
#include "correlate/picture.h"

namespace shoestring {

/// The matrix in the order of the dendrogram's leaves: a coloured square for each pair,
/// names at the left and above, the dendrogram at the right, a key to the colours. Scores
/// stand in the squares when there are few.
Picture DrawMatrix(const Matrix& matrix, const Dendrogram& dendrogram);

/// Blue below zero, white at it, red above; grey for what is not defined.
Color ScoreColor(double score);

}  // namespace shoestring
