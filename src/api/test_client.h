// A client of a server under test that says what it likes, as slowly as it likes.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace shoestring {

class TestClient {
 public:
  explicit TestClient(const std::string& address) {
    const size_t colon = address.rfind(':');
    socket_.connect({boost::asio::ip::make_address(address.substr(0, colon)),
                     static_cast<uint16_t>(std::stoi(address.substr(colon + 1)))});
  }

  void Send(std::string_view text) {
    boost::asio::write(socket_, boost::asio::buffer(text.data(), text.size()));
  }

  /// What comes until `end` has come, or the server has closed.
  std::string ReadUntil(std::string_view end) {
    std::string text;
    std::array<char, 4096> bytes{};
    while (end.empty() || text.find(end) == std::string::npos) {
      boost::system::error_code error;
      const size_t size = socket_.read_some(boost::asio::buffer(bytes), error);
      if (error) {
        reset_ = error == boost::asio::error::connection_reset;
        break;
      }
      text.append(bytes.data(), size);
    }
    return text;
  }
  std::string ReadAll() { return ReadUntil(""); }

  /// Whether the last read ended with the connection being broken off.
  bool reset() const { return reset_; }
  void Close() { socket_.close(); }

 private:
  std::unique_ptr<boost::asio::io_context> io_ =
      std::make_unique<boost::asio::io_context>();
  boost::asio::ip::tcp::socket socket_{*io_};
  bool reset_ = false;
};

}  // namespace shoestring
