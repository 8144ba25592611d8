# The daily loop: `just` lists the recipes. https://just.systems
# Every recipe is one or two commands that you can also type.

# List the recipes
default:
    @just --list

# Format the code
fmt:
    cargo fmt --all
    cargo fmt --manifest-path tests/fuzz/Cargo.toml

# Lint everything as .ci/run does
lint:
    .ci/check lint

# Run every test that needs nothing but Rust
test:
    cargo test --workspace

# Run the tests of the decision alone: seconds, without WebAssembly
test-core:
    cargo test -p policy-core -p review

# Run the tests that need a registry, a browser or kubectl (.ci/install installs those)
e2e:
    .ci/check end-to-end

# Measure, and fail where a bar is missed
bench:
    cargo bench -p acr-pull-secret --bench numbers

# Build the playground's script and serve the page
page:
    cd host/playground && npm ci --no-audit --no-fund && npm run build
    cargo run --release --features playground -- playground

# Build the site of docs/ and the playground into site/, and check its links (.ci/install installs what it needs)
site:
    .ci/site
