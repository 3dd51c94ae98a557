#include "cli/lake_option.h"

namespace shoestring {

namespace {

constexpr const char* kGroup = "S3";

}  // namespace

CLI::Option* AddLakeOption(CLI::App& command, std::string* lake, S3Options* s3) {
  command
      .add_option("--s3-endpoint", s3->endpoint,
                  "A server other than AWS: http[s]://HOST[:PORT]. Without it: "
                  "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's")
      ->type_name("URL")
      ->group(kGroup);
  command
      .add_option("--s3-region", s3->region,
                  "Without it: AWS_REGION, AWS_DEFAULT_REGION, the profile's, or where "
                  "the bucket turns out to be")
      ->type_name("REGION")
      ->group(kGroup);
  command
      .add_flag("--s3-path-style", s3->path_style,
                "Name the bucket in the path, not in the host, on AWS, too")
      ->group(kGroup);
  command.add_flag("--s3-anonymous", s3->anonymous, "Sign nothing: for public buckets")
      ->group(kGroup);
  return command
      .add_option("--lake", *lake, "A folder, or s3://BUCKET[/PREFIX] (SHOESTRING_LAKE)")
      ->envname("SHOESTRING_LAKE")
      ->type_name("LAKE");
}

void AddS3WriteOptions(CLI::App& command, S3Options* s3) {
  command
      .add_option("--s3-encryption", s3->encryption,
                  "AES256 or aws:kms. Without it: the bucket's default")
      ->type_name("E")
      ->group(kGroup);
  command
      .add_option("--s3-kms-key", s3->kms_key,
                  "Id or ARN of the KMS key; implies --s3-encryption aws:kms")
      ->type_name("KEY")
      ->group(kGroup);
  command
      .add_option("--s3-storage-class", s3->storage_class,
                  "Of data files: STANDARD, STANDARD_IA, ONEZONE_IA, "
                  "INTELLIGENT_TIERING or GLACIER_IR")
      ->type_name("CLASS")
      ->group(kGroup);
}

}  // namespace shoestring
