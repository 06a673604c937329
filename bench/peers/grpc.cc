// SPDX-License-Identifier: Apache-2.0
/* bench_grpc - unary calls over a Unix socket, no broker, with completion queues on both sides.
 *
 * One thread for each process. Each client has a channel and so a connection of its own. The
 * options are those that make gRPC fastest: the minimal stack of filters, no retries, and Abseil's
 * deadlock detector, which Debian builds in, off. */
#include <absl/synchronization/mutex.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/load.h"
#include "bench/peers/echo.grpc.pb.h"

using bench::v1::Echo;
using bench::v1::EchoBody;

namespace
{

enum { GRPC_SERVED_MAX = 2048 /* calls that wait to be accepted or answered */ };

/* One call of the server, used again and again: asked for, answered, done. */
class served_call
{
  public:
    served_call(Echo::AsyncService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue)
    {
        ask();
    }

    void step()
    {
        if (answered_) {
            ask();
            return;
        }
        answered_ = true;
        responder_->Finish(request_, grpc::Status::OK, this);
    }

  private:
    void ask()
    {
        answered_ = false;
        responder_.reset();
        context_ = std::make_unique<grpc::ServerContext>();
        responder_ = std::make_unique<grpc::ServerAsyncResponseWriter<EchoBody>>(context_.get());
        service_->RequestEcho(context_.get(), &request_, responder_.get(), queue_, queue_, this);
    }

    Echo::AsyncService *service_;
    grpc::ServerCompletionQueue *queue_;
    std::unique_ptr<grpc::ServerContext> context_;
    std::unique_ptr<grpc::ServerAsyncResponseWriter<EchoBody>> responder_;
    EchoBody request_;
    bool answered_ = false;
};

int peer_serve(const load_options &options)
{
    Echo::AsyncService service;
    grpc::ServerBuilder builder;
    std::vector<std::unique_ptr<served_call>> calls;
    void *tag;
    bool ok;

    builder.AddChannelArgument(GRPC_ARG_MINIMAL_STACK, 1);
    builder.AddListeningPort(options.address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    auto queue = builder.AddCompletionQueue();
    auto server = builder.BuildAndStart();
    if (!server)
        return 1;
    for (int i = 0; i < GRPC_SERVED_MAX; i++)
        calls.push_back(std::make_unique<served_call>(&service, queue.get()));
    load_say_ready();
    while (queue->Next(&tag, &ok)) {
        if (ok)
            static_cast<served_call *>(tag)->step();
    }
    return 0;
}

/* One call of the client: a tag of its completion queue. */
struct client_call {
    Echo::Stub *stub;
    lane *owner;
    uint32_t index;
    EchoBody request, reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<EchoBody>> reader;

    void send(grpc::CompletionQueue *queue, uint32_t body_size)
    {
        std::string *body = request.mutable_body();

        body->resize(body_size);
        lane_request(owner, index, reinterpret_cast<uint8_t *>(&(*body)[0]));
        reader.reset();
        context = std::make_unique<grpc::ClientContext>();
        reader = stub->AsyncEcho(context.get(), request, queue);
        reader->Finish(&reply, &status, this);
    }
};

int peer_call(const load_options &options)
{
    grpc::CompletionQueue queue;
    std::vector<std::unique_ptr<Echo::Stub>> stubs;
    std::vector<client_call> calls(options.lane_count * options.outstanding);
    grpc::ChannelArguments settings;

    settings.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    settings.SetInt(GRPC_ARG_MINIMAL_STACK, 1);
    settings.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    for (uint32_t i = 0; i < options.lane_count; i++) {
        auto channel = grpc::CreateCustomChannel(
                options.address, grpc::InsecureChannelCredentials(), settings);
        if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5)))
            return 1;
        stubs.push_back(Echo::NewStub(channel));
    }
    load *load = load_new(&options);
    for (uint32_t i = 0; i < calls.size(); i++) {
        calls[i].stub = stubs[i / options.outstanding].get();
        calls[i].owner = load_lane(load, i / options.outstanding);
        calls[i].index = i % options.outstanding;
        calls[i].send(&queue, options.body_size);
    }
    while (!load_is_over(load)) {
        void *tag;
        bool ok;

        if (queue.AsyncNext(
                    &tag, &ok, std::chrono::system_clock::now() + std::chrono::milliseconds(100)) !=
                grpc::CompletionQueue::GOT_EVENT)
            continue;
        auto *call = static_cast<client_call *>(tag);
        if (!ok || !call->status.ok())
            lane_error(call->owner, call->index);
        else if (lane_answer(call->owner, call->index, call->reply.body().data(),
                         call->reply.body().size()))
            call->send(&queue, options.body_size);
    }
    int status = load_report(load, "grpc");
    std::fflush(stdout);
    _exit(status); /* the queue cannot be destroyed with calls in flight */
}

} // namespace

int main(int argc, char **argv)
{
    load_options options;

    load_parse(&options, argc, argv);
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    return std::strcmp(options.role, "serve") == 0 ? peer_serve(options) : peer_call(options);
}
