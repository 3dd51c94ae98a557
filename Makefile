# Every target calls the script of the same name; CMake builds, this only spells it.
.DEFAULT_GOAL := help
.PHONY: help demo build package package-check test test-asan test-tsan test-faults damage bench bench-migrate \
	bench-verify bench-shapes \
	bench-tables bench-line bench-s3 bench-catalog bench-query bench-estimate bench-api \
	bench-correlation bench-lambda test-lambda fuzz format lint clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## install, build, migrate the example database and query the lake
	@scripts/demo

build:  ## install what the build needs and build build/release/shoestring
	@scripts/build release shoestring

package:  ## .tar.gz, .deb and lambda.zip that need nothing of a machine
	@scripts/package

package-check:  ## these in minimal Debian 12 and 13
	@scripts/package-check

test:  ## everything: unit, integration, lint, includes
	@scripts/test

test-asan:  ## unit tests, corpora and verified migrations under ASan and UBSan
	@scripts/test --preset asan

test-tsan:  ## the same under TSan
	@scripts/test --preset tsan

test-lambda:  ## 10,000 invocations of the Lambda function, memory flat
	@SHOESTRING_LAMBDA_INVOCATIONS=10000 scripts/test -R integration.lambda -V

damage:  ## 1,000 random damages to a lake: all must be found, no answer be wrong
	@scripts/damage

test-faults:  ## 200 migrations killed at random moments, each followed by a rerun
	@scripts/test-faults

bench:  ## every benchmark in bench/
	@scripts/bench

bench-migrate:  ## 5.7 million rows from Postgres into a lake
	@scripts/bench migrate

bench-shapes:  ## many rows, many partitions, many columns
	@scripts/bench shapes

bench-tables:  ## 500 small tables, beside pg_dump
	@scripts/bench tables

bench-line:  ## through 20 ms of latency and 20 MB/s
	@scripts/bench line

bench-verify:  ## reading back and proving 5.7 million rows of a lake
	@scripts/bench verify

bench-s3:  ## 5.7 million rows to a local S3 server, and a query from there
	@scripts/bench s3

bench-query:  ## a question to the lake and to Postgres, warm, and the bytes it reads
	@scripts/bench query

bench-estimate:  ## shoestring explain beside what a real Trino reads
	@scripts/bench estimate

bench-catalog:  ## reading the catalog of 10,000 files, committing one
	@scripts/bench catalog

bench-api:  ## pages and rows by the REST API, beside Postgres by libpq
	@scripts/bench api

bench-correlation:  ## two funds by HTTP beside Postgres by libpq, and all funds
	@scripts/bench correlation

bench-lambda:  ## the Lambda function: to its first event, to its first answer, and what a request costs
	@scripts/bench lambda

fuzz:  ## each fuzz target for a minute
	@scripts/fuzz

format:  ## format the sources in place
	@scripts/format

lint:  ## the table of rooms, clang-format, clang-tidy
	@scripts/check-includes
	@scripts/lint

clean:  ## drop what was built; keep what was fetched
	rm -rf build demo-lake
