#include "job/proof.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lake/folder_store.h"
#include "lake/parquet_file.h"
#include "lake/test_lake.h"
#include "source/arrow_row_image.h"

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kPartition = "year=2024/month=3";

class ProofTest : public testing::Test {
 protected:
  /// A file of rows from..to, published, and what the seal says of it.
  SealedFile AddFile(const std::string& name, int from, int to) {
    std::vector<LakeColumn> columns(1);
    columns[0].name = "id";
    columns[0].type = {LakeType::Kind::kInt};
    AssignFieldIds(&columns);
    arrow::Int32Builder ids;
    for (int i = from; i < to; ++i) EXPECT_TRUE(ids.Append(i).ok());
    const auto batch = arrow::RecordBatch::Make(FileSchema(columns), to - from,
                                                {ids.Finish().ValueOrDie()});
    SealedFile sealed;
    sealed.key = std::string("data/t/") + kPartition + "/" + name;
    ParquetOptions options;
    options.key = sealed.key;
    options.row_group_rows = 100;
    ParquetFile file(store_.Create(sealed.key, "run"), columns, options);
    file.Write(batch);
    const ParquetFile::Finished finished = std::move(file).Finish();
    store_.Publish(finished.object);
    sealed.bytes = finished.file.bytes;
    sealed.checksum = finished.checksum;
    ArrowRowImage({{Wire::kInt32}}, *batch->schema(), "t").AddTo(&sealed.rows, *batch);
    return sealed;
  }

  /// A table of one partition in two files.
  Seal Table() {
    Seal seal{.table = "t", .columns = {{"id", "int4"}}};
    seal.files = {AddFile("a.parquet", 0, 1000), AddFile("b.parquet", 1000, 1500)};
    RowSum rows = seal.files[0].rows;
    rows += seal.files[1].rows;
    seal.partitions = {{kPartition, rows}};
    return seal;
  }

  Fault OnlyFault(const Seal& seal) {
    const auto faults = ProveFiles(&store_, {seal}, options_);
    EXPECT_THAT(faults, SizeIs(1));
    return faults.empty() ? Fault{} : faults[0];
  }

  TemporaryFolder folder_;
  FolderStore store_{folder_.path()};
  ProofOptions options_{.jobs = 2};
};

TEST_F(ProofTest, CopiesAreProvenAndTheirRowsKept) {
  const Seal proven = Table();
  Seal fresh = proven;
  for (SealedFile& file : fresh.files) file.rows = {};
  std::vector<Seal> seals = {fresh};
  EXPECT_THAT(ProveCopies(&store_, &seals, options_), IsEmpty());
  EXPECT_EQ(seals[0], proven);
  EXPECT_THAT(ProveFiles(&store_, seals, options_), IsEmpty());
  // Too large to be kept whole, they are read in pieces.
  options_.memory = 8;
  EXPECT_THAT(ProveFiles(&store_, seals, options_), IsEmpty());
}

TEST_F(ProofTest, RowsThatTheSourceDidNotHaveAreNamed) {
  const Seal table = Table();
  const std::pair<RowSum, const char*> cases[] = {
      {{table.partitions[0].rows.rows - 1, table.partitions[0].rows.sum}, "1,499 rows"},
      {{table.partitions[0].rows.rows, table.partitions[0].rows.sum + 1}, "1,500 rows"}};
  for (const auto& [rows, expected] : cases) {
    std::vector<Seal> seals = {table};
    seals[0].partitions[0].rows = rows;
    const auto faults = ProveCopies(&store_, &seals, options_);
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].problem, "rows");
    EXPECT_EQ(faults[0].partition, kPartition);
    EXPECT_THAT(faults[0].file, HasSubstr("b.parquet"));
    EXPECT_THAT(faults[0].expected, HasSubstr(expected));
    EXPECT_THAT(faults[0].found, HasSubstr("1,500 rows"));
  }
}

TEST_F(ProofTest, PartitionsOnOneSideOnlyAreNamed) {
  Seal seal = Table();
  seal.partitions[0].path = "year=2024/month=4";
  std::vector<Seal> seals = {seal};
  EXPECT_THAT(ProveCopies(&store_, &seals, options_), SizeIs(2));
}

TEST_F(ProofTest, AFileOfOtherRowsIsNamed) {
  Seal seal = Table();
  seal.files[1].rows.sum += 1;
  const Fault fault = OnlyFault(seal);
  EXPECT_EQ(fault.problem, "rows");
  EXPECT_EQ(fault.file, seal.files[1].key);
}

TEST_F(ProofTest, AFileThatIsNoSuchParquetIsNamed) {
  Seal seal = Table();
  const std::pair<const char*, const char*> forms[] = {{"id", "int8"}, {"other", "int4"}};
  for (const auto& [name, form] : forms) {
    Seal other = seal;
    other.columns = {{name, form}};
    EXPECT_THAT(ProveFiles(&store_, {other}, options_), SizeIs(2));
  }
  store_.Put(seal.files[0].key, "no Parquet");
  seal.files[0].bytes = 10;
  seal.files[0].checksum = ChecksumOf("no Parquet");
  EXPECT_EQ(OnlyFault(seal).problem, "unreadable");
}

TEST_F(ProofTest, DamageIsNamed) {
  const Seal seal = Table();
  std::string content = store_.Get(seal.files[0].key).content;
  content[100] = static_cast<char>(content[100] ^ 1);
  store_.Put(seal.files[0].key, content);
  EXPECT_EQ(OnlyFault(seal).problem, "changed");
  store_.Delete(seal.files[0].key);
  const Fault fault = OnlyFault(seal);
  EXPECT_EQ(fault.problem, "missing");
  EXPECT_THAT(Describe(fault), HasSubstr("t, partition year=2024/month=3, data/t/"));
  EXPECT_THAT(Describe(fault), HasSubstr("a.parquet: missing. Expected "));
  EXPECT_THAT(Describe(fault), HasSubstr("Way out: restore"));
}

TEST_F(ProofTest, StopsWhenAskedTo) {
  std::stop_source stop;
  stop.request_stop();
  options_.stop = stop.get_token();
  const std::vector<Seal> seals = {Table()};
  EXPECT_EQ(KindOf([&] { ProveFiles(&store_, seals, options_); }), ErrorKind::kCancelled);
}

TEST_F(ProofTest, FailuresOfTheStoreAreNoFaults) {
  FaultyStore faulty(&store_);
  faulty.before = [](std::string_view, std::string_view) {
    throw Fail(ErrorKind::kUnavailable, "injected");
  };
  const std::vector<Seal> seals = {Table()};
  EXPECT_EQ(KindOf([&] { ProveFiles(&faulty, seals, options_); }),
            ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace shoestring
